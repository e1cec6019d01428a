# shellcheck shell=bash
# Which commits may go on: those of main alone, since nobody looked at others. And none that comes before what
# is there: all environments' manifests lie on one branch, so it would take all of them back.

# require_commit_of_main NAME: main has this clone's commit, which whoever calls knows by that name.
require_commit_of_main() {
  [ -n "$(git -C "$ROOT" for-each-ref refs/remotes/origin/main)" ] ||
    fail "this clone does not know what main has." "Fetch it: git fetch origin main:refs/remotes/origin/main"
  git -C "$ROOT" merge-base --is-ancestor HEAD origin/main ||
    fail "the commit of $1 is not on main, so nobody looked at it." "Merge it first, and go on from main."
}

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
