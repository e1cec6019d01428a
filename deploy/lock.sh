# shellcheck shell=bash
# One run at a time in one checkout: two would write the same files and undo each other's work.

# The link's target is the process that holds it, made in one step with the link.
LOCK=$ROOT/.deploy.lock

hold_checkout() {
  local holder
  if ! ln -s $$ "$LOCK" 2>/dev/null; then
    holder=$(readlink "$LOCK") || holder=''
    if is_run_of_deploy "$holder"; then
      fail "another run of deploy.sh (process $holder) is at work in this folder." "Wait until it has ended, then type this again."
    fi
    # A run that was killed could not take it along.
    rm -f "$LOCK"
    ln -s $$ "$LOCK" || fail "another run of deploy.sh began in this folder at the same moment." "Wait until it has ended, then type this again."
  fi
  trap 'rm -f "$LOCK"' EXIT
}

is_run_of_deploy() {
  [ -n "$1" ] && ps -o args= -p "$1" 2>/dev/null | grep -q 'deploy\.sh'
}
