# shellcheck shell=bash
# What every stand-in begins with: it writes down its call.
tool=${0##*/}
call="$tool $*"
printf '%s\n' "$call" >>"$WORLD/calls"
answer() { cat "$WORLD/$1"; }
export DIGEST=sha256:1111111111111111111111111111111111111111111111111111111111111111
