#!/usr/bin/env bash
# Runs every test; ./test.sh --help says more.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck disable=SC2034 # where the sourced parts keep their files
STATE=$ROOT/.deploy
SKIPPED=$STATE/skipped
SAID=$STATE/tests.log
# shellcheck source-path=SCRIPTDIR
. "$ROOT/deploy/say.sh"
. "$ROOT/deploy/require.sh"
. "$ROOT/deploy/build.sh"
. "$ROOT/deploy/database.sh"

usage() {
  cat <<'TEXT'
./test.sh               all tests of the workspace, of the manifests and of deploy.sh, and acceptance beside them
./test.sh acceptance    only acceptance: what ./deploy.sh deployed, seen from outside
./test.sh [acceptance] --require-all
                        a check that has nothing to look at here (no Argo CD, no autoscaler) fails instead of being skipped
./test.sh chaos         under load, kills, restarts and cuts off what is deployed for two minutes, then compares
                        the books; also: ./test.sh chaos --for 30s --seed 7 --rate 50 (requests a second)
./test.sh api           has schemathesis ask both services for all that their OpenAPI files describe, and for what they do not
./test.sh --help        this text

Acceptance needs a deployment: ./deploy.sh makes one, in a local cluster or on this machine.
The stores are tested on a real PostgreSQL, which the tests start themselves; as root on Debian its
package is installed when it is missing.
TEXT
}

# Beside acceptance, which mostly waits: they take what it leaves of the processors, and what they say comes after.
begin_tests() {
  have_database_programs || install_database
  mkdir -p "$STATE"
  # In a group of its own, which an interruption can end.
  set -m
  { (speak_plainly && run_tests) >"$SAID" 2>&1 </dev/null || say_failed_beside; } &
  BESIDE=$!
  set +m
  renice -n 10 -g "$BESIDE" >/dev/null 2>&1 || true
}

# For whoever does not want to wait for acceptance to hear it.
say_failed_beside() {
  progress "tests failed beside this: $SAID"
  return 1
}

# Those of the scripts leave a processor idle much of the time.
run_tests() {
  local outcome=passed
  step "Tests of the scripts" test_scripts >"$SAID.of-scripts" 2>&1 &
  (step "Compile the tests" compile_tests && step "Tests of the workspace" test_workspace) || outcome=failed
  wait $! || outcome=failed
  cat "$SAID.of-scripts"
  [ $outcome = passed ]
}

compile_tests() {
  in_root cargo test --release --locked --workspace --no-run || fail "the tests do not compile; see above."
}

test_workspace() {
  in_root cargo test --release --locked --workspace --no-fail-fast || fail "tests of the workspace failed; see above."
}

# What they said is worth reading where they failed, without the lines of those that passed.
end_tests() {
  local outcome=passed
  progress "waiting for the tests of the workspace and of the scripts"
  wait "$BESIDE" || outcome=failed
  BESIDE=''
  if [ $outcome = failed ]; then
    grep -vE ' \.\.\. ok$|^ +(Compiling|Downloaded|Executable|Running) ' "$SAID" >&2 || true
    [ "$ACCEPTANCE" = passed ] || fail "tests failed, and so did acceptance; see above. All they said is in $SAID."
    fail "tests failed; see above. All they said is in $SAID."
  fi
  grep -E '^ +[0-9.]+ s  ' "$SAID" >&2 || true
  detail "$(awk '/^test result: ok\. / { passed += $4 } END { print passed + 0 }' "$SAID") of the workspace, $(sed -n 's/^deploy\.sh: \([0-9]*\) tests passed.*/\1/p' "$SAID") of the scripts"
}

test_scripts() {
  if have shellcheck; then
    (cd "$ROOT" && shellcheck --external-sources ./*.sh .ci/run .github/scripts/* bench/start.sh deploy/tests/run \
      deploy/tests/*.sh deploy/tests/stand-ins/* openapi-tests/run infra/git-server/start kustomize/schemas/refresh.sh) ||
      fail "shellcheck has findings; see above."
  else
    progress "shellcheck is missing, so the scripts are not linted; $(way_to_get shellcheck)"
  fi
  if have actionlint; then
    (cd "$ROOT" && actionlint .github/workflows/*.yaml) || fail "actionlint has findings; see above."
  else
    progress "actionlint is missing, so the workflows are not linted; $(way_to_get actionlint)"
  fi
  "$ROOT/deploy/tests/run" || fail "tests of deploy.sh failed; see above."
}

see_deployment() {
  [ -f "$STATE/target.json" ] || fail "nothing is deployed, so acceptance has nothing to test." "Type ./deploy.sh, then ./test.sh acceptance."
}

# test_deployment OPTION...: those of the program acceptance.
test_deployment() { in_root "$(program_path acceptance)" "$@"; }

# Where it fails, the other tests are heard all the same; but not where somebody interrupted it.
test_acceptance() {
  local code=0
  rm -f "$SKIPPED"
  test_deployment "$@" --skipped "$SKIPPED" || code=$?
  [ $code != 130 ] || exit 130
  [ $code = 0 ] || ACCEPTANCE=failed
}

# find_passed PART: sets PASSED to it and to what acceptance skipped, since what nobody saw did not pass.
find_passed() {
  local name skipped=''
  while read -r name; do skipped+=${skipped:+, }$name; done <"$SKIPPED"
  PASSED=$1${skipped:+ but $skipped}
}

# Whatever stands before it: who asks for help wants nothing else.
help_if_asked() {
  local word
  for word in "$@"; do
    case $word in -h | --help) usage && exit 0 ;; esac
  done
}

main() {
  local options=()
  help_if_asked "$@"
  case ${1:-} in
    acceptance | chaos | api | '') ;;
    --require-all) set -- '' "$@" ;;
    *) fail "there is no part $1." "See the ones there are: ./test.sh --help" ;;
  esac
  # No other option: what is left out by one would be recorded as tested.
  case "${1:-} ${2:-}" in
    ' --require-all' | 'acceptance --require-all') options=(--require-all) ;;
    ' ' | 'acceptance ' | 'api '* | 'chaos '*) ;;
    *) fail "there is no option $2 of acceptance." "See the ones there are: ./test.sh --help" ;;
  esac
  have cargo || fail "cargo is missing." "$(way_to_get cargo)"
  trap last_line EXIT
  [ "${1:-}" = api ] || see_deployment
  step "Build the programs" build_programs
  case ${1:-} in
    api)
      "$ROOT/openapi-tests/run" "$(release_folder)"
      return
      ;;
    chaos)
      step "Chaos" test_deployment "$@"
      return
      ;;
    '') begin_tests ;;
  esac
  step "Acceptance" test_acceptance ${options[@]+"${options[@]}"}
  [ -z "$BESIDE" ] || step "Tests that need no deployment" end_tests
  [ "$ACCEPTANCE" = passed ] || fail "acceptance failed; see its table above."
  # What passed is what `build` stands for in ./deploy.sh promote.
  find_passed "${1:-all}"
  in_root "$(program_path promote)" record-tested --parts "$PASSED"
}

BEGAN=$(now) ENDED=no BESIDE='' ACCEPTANCE=passed
last_line() {
  local code=$?
  [ -z "$BESIDE" ] || kill -- "-$BESIDE" 2>/dev/null || true
  # Killed, it ends with the code of what went well last.
  if [ $code = 0 ] && [ "$ENDED" = yes ]; then
    say "${GREEN}${BOLD}PASSED${PLAIN} in $(seconds_since "$BEGAN") s."
  else
    [ $code != 0 ] || code=143
    say "${RED}${BOLD}FAILED${PLAIN} after $(seconds_since "$BEGAN") s, with exit code $code."
  fi
}

main "$@"
ENDED=yes
