# shellcheck shell=bash
# What each step of .ci/run took, and what some of them may take together.

TIMES=() CURRENT=''

# timed NAME COMMAND...
timed() {
  local name=$1 began=$SECONDS
  shift
  CURRENT=$name
  printf '\n=== %s\n' "$name"
  "$@"
  TIMES+=("$(printf '%5d s  %s' $((SECONDS - began)) "$name")")
}

say_times() { [ ${#TIMES[@]} = 0 ] || printf '%s\n' "${TIMES[@]}"; }

# seconds_of NAME: fails where no step of that name ended.
seconds_of() { say_times | awk -v name="$1" '{ seconds = $1; sub(/^ *[0-9]+ s  /, "") } $0 == name { print seconds; found = 1 } END { exit !found }'; }

# refuse_longer_than SECONDS NAME...: the steps of those names took more than that together.
refuse_longer_than() {
  local limit=$1 sum=0 name seconds
  shift
  for name in "$@"; do
    seconds=$(seconds_of "$name") || { echo "ci: no step '$name' ended, so nobody knows how long it took" >&2; return 1; }
    sum=$((sum + seconds))
  done
  [ $sum -le "$limit" ] && return
  # shellcheck disable=SC2034 # said in the end by .ci/run
  CURRENT="at most $limit s"
  printf 'ci: these steps took %d s together, of %d at most:\n' $sum "$limit" >&2
  printf '  %s\n' "$@" >&2
  return 1
}
