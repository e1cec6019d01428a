# shellcheck shell=bash
# How deploy.sh speaks: one line for each step with its time, errors that say what to do next.

# As into a file, where nothing but the words belongs.
speak_plainly() { BOLD='' DIM='' RED='' GREEN='' PLAIN='' ERASE=''; }

speak_plainly
if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then
  BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' PLAIN=$'\e[0m'
fi

# On a terminal a step names itself on a line that the next words take: those first clear what is left of it.
if [ -t 2 ] && [ "${TERM:-dumb}" != dumb ]; then ERASE=$'\e[K'; fi

say() { printf '%s\n' "$ERASE$*" >&2; }

# What happens inside a step that takes longer than a glance.
progress() { printf '%s          %s%s%s\n' "$ERASE" "$DIM" "$*" "$PLAIN" >&2; }

# The words that follow the step's name on its line.
detail() { STEP_DETAIL=$*; }

fail() {
  printf '%serror:%s %s\n' "$ERASE$RED$BOLD" "$PLAIN" "$1" >&2
  shift
  local line
  for line in "$@"; do printf '       %s\n' "$line" >&2; done
  exit 1
}

# Milliseconds where this bash knows them (5 and later), else whole seconds.
now() {
  local micros=${EPOCHREALTIME:-}
  [ -n "$micros" ] || { printf '%s000' "$SECONDS"; return; }
  micros=${micros/[.,]/}
  printf '%s' "${micros%???}"
}

seconds_since() {
  local elapsed=$(($(now) - $1))
  printf '%d.%d' $((elapsed / 1000)) $((elapsed % 1000 / 100))
}

# step NAME COMMAND...: runs the command in this shell, then prints one line with the time it took.
step() {
  local name=$1 began
  shift
  began=$(now)
  STEP_DETAIL=''
  [ -z "$ERASE" ] || printf '%s          %s ...\r' "$ERASE" "$name" >&2
  "$@"
  printf '%s%6s s%s  %s%s\n' "$ERASE$GREEN" "$(seconds_since "$began")" "$PLAIN" "$name" "${STEP_DETAIL:+: $STEP_DETAIL}" >&2
}

# quietly COMMAND...: its output is only worth reading when it fails.
quietly() {
  local output
  if output=$("$@" 2>&1 </dev/null); then return; fi
  printf '%s\n' "$output" | tail -n 30 >&2
  fail "this command failed: $*"
}
