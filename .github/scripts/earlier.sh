# shellcheck shell=bash
# All environments' manifests lie on one branch, so an earlier commit would take all of them back.

# source_on REF GIT...: prints the commit of main whose manifests the branch has, if it says so.
source_on() {
  local ref=$1
  shift
  "$@" log -1 --grep '^Source-Commit: ' --format='%(trailers:key=Source-Commit,valueonly)' "$ref" 2>/dev/null | head -n 1
}

# refuse_earlier_than COMMIT: this clone's own lies before it. One that is not known here came from a branch
# of somebody's, which main is neither before nor after.
refuse_earlier_than() {
  local there=$1 here
  here=$(git -C "$ROOT" rev-parse HEAD)
  if [ -z "$there" ] || [ "$there" = "$here" ]; then return 0; fi
  [ "$(git -C "$ROOT" rev-parse --is-shallow-repository)" = false ] ||
    fail "this clone lacks the history that says which commit came first." "Fetch all of it: git fetch --unshallow"
  if git -C "$ROOT" merge-base --is-ancestor "$here" "$there" 2>/dev/null; then
    fail "the deployment branch has the manifests of ${there:0:12}, and ${here:0:12} comes before that: they would go back everywhere." \
      "Take a commit that comes after it; to take something back, git revert it on main."
  fi
}
