# shellcheck shell=bash
# ./deploy.sh promote APP FROM TO: the program of ops/promote does it.

promote() {
  refuse_wrong_promotion "$@"
  require git kubectl
  step "Build the programs" build_programs
  # DEPLOY_REPOSITORY and GIT_SERVER reach it as they are.
  "$(program_path promote)" app --root "$ROOT" "$@"
}

promotion_usage() {
  cat <<'TEXT'
./deploy.sh promote APP FROM TO   commit the digest that runs in FROM for TO, and that of
                                  what looks at it there after each sync

APP is invoice-app or payment-provider. FROM and TO are environments of environments.yaml; FROM may be
build, the image that passed ./test.sh last.

  --without-evidence REASON   promote what did not pass all tests; the commit names the reason
  --wait SECONDS              how long to wait until it has arrived (300; 0 does not wait)
  --repository URL            the repository with the deployment branch, if it is not the one deployed with
  --branch NAME               the deployment branch (deploy)

For example: ./deploy.sh promote invoice-app local dev
TEXT
}

# Before anything is built for it. Which environments follow each other is for the program to say.
refuse_wrong_promotion() {
  local words=()
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help) promotion_usage && exit 0 ;;
      --without-evidence | --wait | --repository | --branch)
        [ $# -gt 1 ] || wrong_promotion "$1 needs a value."
        refuse_wrong_wait "$1=$2"
        shift ;;
      --without-evidence=* | --wait=* | --repository=* | --branch=*) refuse_wrong_wait "$1" ;;
      -*) wrong_promotion "promote has no option $1." ;;
      *) words+=("$1") ;;
    esac
    shift
  done
  [ ${#words[@]} = 3 ] || wrong_promotion "promote needs three words, APP FROM TO, not ${#words[@]}."
  [[ " ${APPS[*]} " == *" ${words[0]} "* ]] || wrong_promotion "there is no app ${words[0]}."
  [ "${words[1]}" = build ] || refuse_unknown_environment "${words[1]}"
  refuse_unknown_environment "${words[2]}"
  [ "${words[1]}" != "${words[2]}" ] || wrong_promotion "FROM and TO are both ${words[1]}, so there is nothing to promote."
}

refuse_unknown_environment() {
  local names
  names=$(sed -n 's/^- name: *//p' "$ROOT/environments.yaml")
  grep -qxF -- "$1" <<<"$names" || wrong_promotion "environments.yaml has no environment $1; it has $(tr '\n' ' ' <<<"$names" | sed 's/ $//; s/ /, /g')."
}

refuse_wrong_wait() {
  [[ $1 != --wait=* ]] || [[ $1 =~ ^--wait=[0-9]{1,6}$ ]] || wrong_promotion "--wait needs a number of seconds, not '${1#*=}'."
}

wrong_promotion() {
  promotion_usage >&2
  say ""
  fail "$1" "Type it as above."
}
