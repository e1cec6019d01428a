# shellcheck shell=bash
# ./deploy.sh promote APP FROM TO: the program of ops/promote does it.

promote() {
  require git kubectl
  step "Build the programs" build_programs
  # DEPLOY_REPOSITORY and GIT_SERVER reach it as they are.
  "$(program_path promote)" app --root "$ROOT" "$@"
}
