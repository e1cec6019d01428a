# shellcheck shell=bash
# Two runs in one checkout.

test_a_second_run_is_refused_while_the_first_is_at_work() {
  bash -c 'sleep 60; : deploy.sh' &
  local first=$!
  ln -s "$first" "$WORLD/clone/.deploy.lock"
  deploy --local
  kill "$first"
  refused
  said "another run of deploy.sh (process $first) is at work in this folder"
}

test_what_a_killed_run_left_behind_does_not_hold_the_next_one_up() {
  bash -c 'exit 0' &
  local gone=$!
  wait "$gone"
  ln -s "$gone" "$WORLD/clone/.deploy.lock"
  deploy --down --local
  succeeded
  [ ! -L "$WORLD/clone/.deploy.lock" ] || complain 'the lock is still held'
}

test_a_run_gives_the_checkout_back_when_it_fails() {
  deploy --context nowhere
  refused
  [ ! -L "$WORLD/clone/.deploy.lock" ] || complain 'the lock is still held'
}
