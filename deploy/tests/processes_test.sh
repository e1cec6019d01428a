# shellcheck shell=bash
# Processes on this machine; what they do once they run is seen by the acceptance tests.

test_a_program_that_ends_before_it_is_ready_shows_its_last_words() {
  has cargo rustc curl
  : >"$WORLD/never-ready"
  deploy --local
  refused
  said 'payment-provider ended before it was ready'
  said "nohup: "
  said 'The whole log: '
}

test_a_taken_port_is_named() {
  has cargo rustc curl
  given taken-port 9082
  deploy --local
  refused
  said 'payment-provider needs port 9082, which another program holds.'
}

test_a_taken_port_of_one_leaves_the_other_unstarted() {
  has cargo rustc curl
  given taken-port 8081
  deploy --local
  refused
  said 'invoice-app needs port 8081, which another program holds.'
  [ ! -e "$WORLD/clone/.deploy/local/payment-provider/pid" ] || complain 'payment-provider was started'
}

test_the_first_build_is_announced_and_no_later_one() {
  has cargo rustc curl
  : >"$WORLD/never-ready"
  deploy --local
  said 'it takes some minutes'
  deploy --local
  if grep -qF 'it takes some minutes' "$WORLD/said"; then complain 'it was announced again'; fi
  called 'cargo build .*'
}
