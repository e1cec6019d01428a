# shellcheck shell=bash
# .ci/run where every program only writes down that it was called: what it does in the end with the times.

# shellcheck disable=SC2016,SC2034 # other shells' words; CODE is read by succeeded and refused
# ci SECONDS: each step takes as long.
ci() {
  CODE=0
  local program
  mkdir -p "$WORLD/clone/.ci" "$WORLD/shared/testbed"
  cp "$SOURCES/.ci/run" "$SOURCES/.ci/times.sh" "$WORLD/clone/.ci/"
  printf 'timed() { CURRENT=$1; "${@:2}"; TIMES+=("$(printf "%%5d s  %%s" %s "$1")"); }\n' "$1" >>"$WORLD/clone/.ci/times.sh"
  for program in clone/deploy.sh clone/test.sh clone/.github/scripts/install shared/testbed/testbed bin/cargo bin/actionlint bin/apt-get; do
    printf '#!/usr/bin/env bash\nprintf "%%s %%s\\n" "${0##*/}" "$*" >>"$WORLD/calls"\n' >"$WORLD/$program"
    chmod +x "$WORLD/$program"
  done
  : >"$WORLD/calls"
  env -i PATH="$WORLD/bin" HOME="$WORLD" WORLD="$WORLD" bash "$WORLD/clone/.ci/run" >"$WORLD/said" 2>&1 </dev/null || CODE=$?
}

test_a_deployment_and_its_tests_that_take_more_than_twenty_minutes_fail_ci_in_the_end() {
  ci 600
  succeeded
  said 'ci: passed'
  ci 601
  refused
  said 'these steps took 1202 s together, of 1200 at most'
  said '  Deploy to the cluster'
  said "ci: FAILED in 'at most 1200 s'"
  # Everything else was known before, and is said.
  called 'test.sh chaos --for 30s'
  said '  601 s  Chaos without a cluster'
}

# times SHELL: with what two steps took.
times() { (cd "$WORLD" && TIMES=() && . "$SOURCES/.ci/times.sh" && TIMES=('  300 s  Deploy' '    5 s  Deploy again') && eval "$1") >"$WORLD/said" 2>&1; }

test_a_step_that_nobody_timed_is_not_taken_for_a_short_one() {
  times 'refuse_longer_than 300 Deploy' || complain 'it takes no longer'
  if times 'refuse_longer_than 299 Deploy'; then complain 'it takes longer'; fi
  if times 'refuse_longer_than 304 Deploy "Deploy again"'; then complain 'both take longer'; fi
  if times 'refuse_longer_than 300 Deploy Tests'; then complain 'one is missing'; fi
  said "no step 'Tests' ended"
}
