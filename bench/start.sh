#!/usr/bin/env bash
# Measures each service on SQLite: from its start to its readiness, and its memory when idle.
#   bench/start.sh [RUNS]      after: cargo build --release --locked
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
RUNS=${1:-20}
IDLE_SECONDS=5 # What a service still does after its start is over by then.
PORT=18081 MANAGEMENT=19081

HOST=$(rustc -vV | sed -n 's/^host: //p')
FOLDER=$(mktemp -d)
PID=
stop() {
  [ -z "$PID" ] || { kill "$PID" && wait "$PID"; } 2>/dev/null || true
  PID=
}
trap 'stop; rm -rf "$FOLDER"' EXIT

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

ready() {
  exec 3<>/dev/tcp/127.0.0.1/$MANAGEMENT || return 1
  printf 'GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' >&3
  read -r -t 1 line <&3
  exec 3>&-
  [[ $line == *" 200 "* ]]
}

# start PROGRAM: on an empty database; sets TOOK, in milliseconds.
start() {
  rm -f "$FOLDER"/bench.db*
  local began
  began=$(milliseconds)
  DATABASE_URL=sqlite:$FOLDER/bench.db LISTEN_ADDRESS=127.0.0.1:$PORT MANAGEMENT_ADDRESS=127.0.0.1:$MANAGEMENT \
    PAYMENT_PROVIDER_URL=http://127.0.0.1:9 "$ROOT/target/$HOST/release/$1" >"$FOLDER/log" 2>&1 &
  PID=$!
  until ready 2>/dev/null; do
    kill -0 $PID || { cat "$FOLDER/log" >&2; exit 1; }
  done
  TOOK=$(($(milliseconds) - began))
}

printf '%-18s %8s %8s %8s   %s\n' program min median max unit
for program in invoice-app payment-provider; do
  times=()
  for _ in $(seq "$RUNS"); do
    start "$program"
    times+=("$TOOK")
    stop
  done
  mapfile -t sorted < <(printf '%s\n' "${times[@]}" | sort -n)
  printf '%-18s %8d %8d %8d   ms from start to ready\n' "$program" \
    "${sorted[0]}" "${sorted[RUNS / 2]}" "${sorted[RUNS - 1]}"
  memory=()
  for _ in 1 2 3; do
    start "$program"
    sleep "$IDLE_SECONDS"
    memory+=("$(awk '$1 == "VmRSS:" {print $2 * 1024}' "/proc/$PID/status")")
    stop
  done
  mapfile -t sorted < <(printf '%s\n' "${memory[@]}" | sort -n)
  printf '%-18s %8d %8d %8d   kB resident, idle\n' "$program" \
    $((sorted[0] / 1000)) $((sorted[1] / 1000)) $((sorted[2] / 1000))
done
