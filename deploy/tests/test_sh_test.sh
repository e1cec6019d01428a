# shellcheck shell=bash
# What ./test.sh asks of acceptance, and what it refuses.
# shellcheck disable=SC2034 # CODE is read by the world

# A deployment, and programs that write down how they are called.
with_a_deployment() {
  local folder=$WORLD/clone/target/x86_64-unknown-linux-gnu/release program
  has cargo rustc
  cp "$SOURCES/test.sh" "$WORLD/clone/"
  mkdir -p "$folder" "$WORLD/clone/.deploy"
  echo '{}' >"$WORLD/clone/.deploy/target.json"
  for program in acceptance promote; do
    # shellcheck disable=SC2016 # for the stand-in to expand
    printf '#!/usr/bin/env bash\nprintf "%%s\\n" "${0##*/} $*" >>"$WORLD/calls"\n' >"$folder/$program"
    chmod +x "$folder/$program"
  done
  # shellcheck disable=SC2016 # for the stand-in to expand
  echo '[ "${*: -2:1}" != --skipped ] || cat "$WORLD/skips" >"${@: -1}"' >>"$folder/acceptance"
  : >"$WORLD/skips"
}

test_sh() {
  CODE=0
  env -i PATH="$WORLD/bin" HOME="$WORLD" WORLD="$WORLD" bash "$WORLD/clone/test.sh" "$@" >"$WORLD/said" 2>&1 </dev/null || CODE=$?
}

# with_tests WORKSPACE SCRIPTS: how those that need no deployment end.
with_tests() {
  with_a_deployment
  # shellcheck disable=SC2016 # for the stand-in to expand
  printf '%s\n' '[ "$1 ${!#}" != "test --no-fail-fast" ] || cat "$WORLD/tests-say"' "[ \"\$1 \${!#}\" != 'test --no-fail-fast' ] || exit $1" >>"$WORLD/bin/cargo"
  printf '%s\n' 'test one ... ok' 'test two ... FAILED' 'test result: ok. 40 passed; 0 failed' 'test result: ok. 2 passed; 0 failed' >"$WORLD/tests-say"
  printf '#!/usr/bin/env bash\necho "deploy.sh: 3 tests passed, 0 failed"\nexit %s\n' "$2" >"$WORLD/clone/deploy/tests/run"
}

test_all_tests_are_those_of_the_workspace_and_of_the_scripts_and_acceptance() {
  with_tests 0 0
  test_sh
  succeeded
  called 'cargo test --release --locked --workspace --no-fail-fast'
  called 'acceptance --skipped .*/\.deploy/skipped'
  said '42 of the workspace, 3 of the scripts'
  said 'Compile the tests'
  called 'promote record-tested --parts all'
}

test_a_terminal_is_shown_the_times_of_the_tests_without_what_is_for_terminals() {
  with_tests 0 0
  script --quiet --return --command "env -i PATH=$WORLD/bin HOME=$WORLD WORLD=$WORLD TERM=xterm bash $WORLD/clone/test.sh" /dev/null \
    >"$WORLD/said" </dev/null || true
  said 'PASSED'
  grep -qE '^ +[0-9.]+ s  Tests of the workspace' "$WORLD/said" || complain 'the times of the tests are not shown'
  if grep -q $'\e' "$WORLD/clone/.deploy/tests.log"; then complain 'the log has what is for terminals'; fi
}

test_what_failed_beside_acceptance_is_shown_and_nothing_is_recorded() {
  local outcome
  for outcome in '1 0' '0 1'; do
    # shellcheck disable=SC2086 # two words
    with_tests $outcome
    test_sh
    refused
    called 'acceptance --skipped .*/\.deploy/skipped'
    said 'test two ... FAILED'
    said 'error: tests failed'
    said 'tests failed beside this'
    if grep -qF 'test one' "$WORLD/said"; then complain "what passed is shown too"; fi
    never_called '^promote '
  done
}

test_where_acceptance_fails_the_other_tests_are_heard_all_the_same() {
  with_tests 0 0
  echo 'exit 1' >>"$WORLD/clone/target/x86_64-unknown-linux-gnu/release/acceptance"
  test_sh
  refused
  said '42 of the workspace, 3 of the scripts'
  said 'error: acceptance failed'
  never_called '^promote '
}

test_where_acceptance_is_interrupted_no_other_test_is_waited_for() {
  with_tests 0 0
  echo 'exit 130' >>"$WORLD/clone/target/x86_64-unknown-linux-gnu/release/acceptance"
  test_sh
  [ "$CODE" = 130 ] || complain "it ended with $CODE"
  never_called '^promote '
  if grep -qF 'waiting for the tests' "$WORLD/said"; then complain "it waits"; fi
}

test_where_nothing_is_deployed_no_test_begins() {
  with_tests 0 0
  rm "$WORLD/clone/.deploy/target.json"
  test_sh
  refused
  said 'Type ./deploy.sh'
  never_called '^cargo '
}

test_a_check_may_be_skipped_unless_all_are_required() {
  with_a_deployment
  test_sh acceptance
  succeeded
  called 'acceptance --skipped .*/\.deploy/skipped'
  test_sh acceptance --require-all
  succeeded
  called 'acceptance --require-all --skipped .*/\.deploy/skipped'
}

test_what_was_skipped_is_recorded_as_left_out() {
  with_a_deployment
  printf '%s\n' drift-healed projects-apart >"$WORLD/skips"
  test_sh acceptance
  succeeded
  called 'promote record-tested --parts acceptance but drift-healed, projects-apart'
  # Where none was, nothing is said of it, whatever was skipped before.
  : >"$WORLD/skips"
  test_sh acceptance
  succeeded
  called 'promote record-tested --parts acceptance'
}

test_where_nobody_knows_what_was_skipped_nothing_is_recorded() {
  with_a_deployment
  printf '#!/usr/bin/env bash\n' >"$WORLD/clone/target/x86_64-unknown-linux-gnu/release/acceptance"
  mkdir -p "$WORLD/clone/.deploy"
  : >"$WORLD/clone/.deploy/skipped"
  test_sh acceptance
  refused
  never_called '^promote '
}

test_a_run_that_leaves_checks_out_is_not_recorded_as_tested() {
  with_a_deployment
  test_sh acceptance --only pods
  refused
  said 'no option --only'
  never_called '^(acceptance|promote) '
  test_sh acceptance
  called 'promote record-tested .*'
}

test_a_run_that_is_killed_has_not_passed() {
  with_a_deployment
  # shellcheck disable=SC2016 # for the stand-in to expand
  echo 'kill -TERM "$(cat "$WORLD/pid")"' >>"$WORLD/clone/target/x86_64-unknown-linux-gnu/release/acceptance"
  # shellcheck disable=SC2016 # for the inner shell to expand
  env -i PATH="$WORLD/bin" HOME="$WORLD" WORLD="$WORLD" \
    bash -c 'echo $$ >"$WORLD/pid"; exec bash "$WORLD/clone/test.sh" acceptance' >"$WORLD/said" 2>&1 </dev/null || CODE=$?
  said 'FAILED after'
  if grep -qF PASSED "$WORLD/said"; then complain "it says that it passed"; fi
  never_called 'promote record-tested .*'
}

test_help_is_help_whatever_stands_before_it() {
  with_a_deployment
  local words
  for words in --help -h 'acceptance --help' 'chaos --help' 'chaos --for 30s -h' 'api --help' '--require-all --help'; do
    # shellcheck disable=SC2086 # several words
    test_sh $words
    succeeded
    said './test.sh chaos '
    if grep -qE 'PASSED|FAILED' "$WORLD/said"; then complain "$words says how it ended"; fi
    never_called '.'
  done
  test_sh chaos --for 30s
  succeeded
  said PASSED
  called 'acceptance chaos --for 30s'
}
