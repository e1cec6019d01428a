#!/usr/bin/env bash
# Runs every test; ./test.sh --help says more.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck disable=SC2034 # where the sourced parts keep their files
STATE=$ROOT/.deploy
SKIPPED=$STATE/skipped
# shellcheck source-path=SCRIPTDIR
. "$ROOT/deploy/say.sh"
. "$ROOT/deploy/require.sh"
. "$ROOT/deploy/build.sh"
. "$ROOT/deploy/database.sh"

usage() {
  cat <<'TEXT'
./test.sh               all tests of the workspace, those of the manifests and of deploy.sh, then acceptance
./test.sh acceptance    only acceptance: what ./deploy.sh deployed, seen from outside
./test.sh [acceptance] --require-all
                        a check that has nothing to look at here (no Argo CD, no autoscaler) fails instead of being skipped
./test.sh chaos         under load, kills, restarts and cuts off what is deployed for two minutes, then compares
                        the books; also: ./test.sh chaos --for 30s --seed 7
./test.sh api           has schemathesis ask both services for all that their OpenAPI files describe, and for what they do not
./test.sh --help        this text

Acceptance needs a deployment: ./deploy.sh makes one, in a local cluster or on this machine.
The stores are tested on a real PostgreSQL, which the tests start themselves; as root on Debian its
package is installed when it is missing.
TEXT
}

compile_tests() {
  have_database_programs || install_database
  say_first_build
  in_root cargo test --release --locked --workspace --no-run || fail "the tests do not compile; see above."
}

# Those of the scripts run meanwhile, for either leaves a processor idle much of the time; what they say comes after.
test_workspace_and_scripts() {
  local said=$STATE/tests-of-scripts.log workspace=passed scripts=passed
  mkdir -p "$STATE"
  # In a group of its own, which an interruption can end.
  set -m
  test_scripts >"$said" 2>&1 </dev/null &
  BESIDE=$!
  set +m
  in_root cargo test --release --locked --workspace --no-fail-fast || workspace=failed
  progress "waiting for the tests of the scripts"
  wait "$BESIDE" || scripts=failed
  BESIDE=''
  cat "$said" >&2
  [ $workspace = passed ] || fail "tests of the workspace failed; see above."
  [ $scripts = passed ] || fail "tests of the scripts failed; see above."
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

test_api() {
  in_root cargo build --release --locked || fail "the services do not compile; see above."
  "$ROOT/openapi-tests/run" "$(release_folder)"
}

# test_deployment OPTION...: those of the program acceptance.
test_deployment() {
  [ -f "$STATE/target.json" ] || fail "nothing is deployed, so acceptance has nothing to test." "Type ./deploy.sh, then ./test.sh acceptance."
  in_root cargo build --release --locked || fail "acceptance does not compile; see above."
  in_root "$(program_path acceptance)" "$@"
}

# find_passed PART: sets PASSED to it and to what acceptance skipped, since what nobody saw did not pass.
find_passed() {
  local name skipped=''
  while read -r name; do skipped+=${skipped:+, }$name; done <"$SKIPPED"
  PASSED=$1${skipped:+ but $skipped}
}

main() {
  local options=()
  case ${1:-} in
    -h | --help) usage && exit 0 ;;
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
  if [ "${1:-}" = api ]; then
    test_api
    return
  fi
  if [ "${1:-}" = chaos ]; then
    step "Chaos" test_deployment "$@"
    return
  fi
  if [ "${1:-}" != acceptance ]; then
    step "Compile the tests" compile_tests
    step "Tests of the workspace and of the scripts" test_workspace_and_scripts
  fi
  rm -f "$SKIPPED"
  step "Acceptance" test_deployment ${options[@]+"${options[@]}"} --skipped "$SKIPPED"
  # What passed is what `build` stands for in ./deploy.sh promote.
  find_passed "${1:-all}"
  in_root "$(program_path promote)" record-tested --parts "$PASSED"
}

BEGAN=$(now) ENDED=no BESIDE=''
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
