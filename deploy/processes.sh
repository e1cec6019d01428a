# shellcheck shell=bash
# The local machine's side: both services as processes on SQLite, in .deploy/local.

port_of() { [ "$1" = invoice-app ] && echo 8081 || echo 8082; }
management_port_of() { [ "$1" = invoice-app ] && echo 9081 || echo 9082; }

folder_of() { printf '%s/local/%s' "$STATE" "$1"; }
# A copy, so that a later build does not change what runs, and restarts run what was deployed.
deployed_program() { printf '%s/%s' "$(folder_of "$1")" "$1"; }
pid_file_of() { printf '%s/pid' "$(folder_of "$1")"; }
log_file_of() { printf '%s/log' "$(folder_of "$1")"; }
environment_file_of() { printf '%s/environment' "$(folder_of "$1")"; }

# NAME=value lines: the whole environment of the process.
environment_of() {
  local app=$1 name
  echo "LISTEN_ADDRESS=127.0.0.1:$(port_of "$app")"
  echo "MANAGEMENT_ADDRESS=127.0.0.1:$(management_port_of "$app")"
  echo "DATABASE_URL=sqlite:$(folder_of "$app")/$app.db"
  if [ "$app" = invoice-app ]; then echo "PAYMENT_PROVIDER_URL=http://127.0.0.1:$(port_of payment-provider)"; fi
  for name in LOG_FILTER LOG_FORMAT OTEL_EXPORTER_OTLP_ENDPOINT; do
    if [ -n "${!name:-}" ]; then echo "$name=${!name}"; fi
  done
}

deploy_to_processes() {
  require curl
  local app
  step "Build the programs" build_programs
  mkdir -p "$STATE/local"
  # All of them before the first is started, so that a taken port leaves nothing half deployed.
  for app in "${APPS[@]}"; do is_running "$app" || refuse_taken_ports "$app"; done
  for app in "${APPS[@]}"; do step "Start $app" start_app "$app"; done
  write_processes_target
  say_processes_result
}

start_app() {
  local app=$1 program
  program=$(deployed_program "$app")
  if is_running "$app" && is_unchanged "$app"; then
    wait_until_ready "$app"
    detail "unchanged"
    return
  fi
  stop_app "$app"
  mkdir -p "$(folder_of "$app")"
  cp "$(program_path "$app")" "$program"
  environment_of "$app" >"$(environment_file_of "$app")"
  launch "$app" "$program"
  wait_until_ready "$app"
  detail "http://127.0.0.1:$(port_of "$app")"
}

is_unchanged() {
  cmp -s "$(program_path "$1")" "$(deployed_program "$1")" &&
    [ "$(environment_of "$1")" = "$(cat "$(environment_file_of "$1")" 2>/dev/null)" ]
}

# In a session of its own, so that it outlives this script and its terminal.
launch() {
  local app=$1 program=$2 line own_session=() settings=()
  if have setsid; then own_session=(setsid); fi
  while read -r line; do settings+=("$line"); done <"$(environment_file_of "$app")"
  env -i "${settings[@]}" ${own_session[@]+"${own_session[@]}"} nohup "$program" >>"$(log_file_of "$app")" 2>&1 </dev/null &
  echo $! >"$(pid_file_of "$app")"
}

# A pid may since have become another's: the process must be running this very program.
is_running() {
  local pid program command
  pid=$(cat "$(pid_file_of "$1")" 2>/dev/null) || return 1
  program=$(deployed_program "$1")
  [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null || return 1
  if [ -e "/proc/$pid/exe" ] || [ -L "/proc/$pid/exe" ]; then
    command=$(readlink "/proc/$pid/exe") || return 1
    [ "${command% (deleted)}" = "$program" ]
  else
    command=$(ps -o comm= -p "$pid") || return 1
    [ "$command" = "$program" ]
  fi
}

wait_until_ready() {
  local app=$1 deadline=$((SECONDS + 15)) url
  url=http://127.0.0.1:$(management_port_of "$app")/readyz
  until curl --silent --fail --max-time 2 --output /dev/null "$url"; do
    if ! is_starting "$app"; then
      tail -n 20 "$(log_file_of "$app")" >&2
      fail "$app ended before it was ready; its last words are above." "The whole log: $(log_file_of "$app")"
    fi
    if [ $SECONDS -ge $deadline ]; then
      tail -n 20 "$(log_file_of "$app")" >&2
      fail "$app was not ready within 15 s: $url" "The whole log: $(log_file_of "$app")"
    fi
    sleep 0.05
  done
}

# Between fork and exec the process is still this script's, env or nohup, which are all alive.
is_starting() { kill -0 "$(cat "$(pid_file_of "$1")")" 2>/dev/null; }

refuse_taken_ports() {
  refuse_taken_port "$1" "$(port_of "$1")"
  refuse_taken_port "$1" "$(management_port_of "$1")"
}

refuse_taken_port() {
  local app=$1 port=$2 holder
  port_is_taken "$port" || return 0
  holder=$(port_holder "$port")
  fail "$app needs port $port, which ${holder:-another program} holds." "End that program, then type ./deploy.sh again."
}

port_is_taken() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

port_holder() {
  local line=''
  if have ss; then
    line=$(ss -ltnpH "sport = :$1" 2>/dev/null | grep -oE '"[^"]+",pid=[0-9]+' | head -n 1 | sed -E 's/"([^"]+)",pid=([0-9]+)/\1 (process \2)/') || true
  elif have lsof; then
    line=$(lsof -nP -iTCP:"$1" -sTCP:LISTEN 2>/dev/null | awk 'NR == 2 { print $1 " (process " $2 ")" }') || true
  fi
  printf '%s' "$line"
}

# Asked to stop, then waited for longer than its own deadline, then made to.
stop_app() {
  local app=$1 pid deadline
  is_running "$app" || { rm -f "$(pid_file_of "$app")"; return 0; }
  pid=$(cat "$(pid_file_of "$app")")
  kill -TERM "$pid" 2>/dev/null || true
  deadline=$((SECONDS + 40))
  while is_running "$app" && [ $SECONDS -lt $deadline ]; do sleep 0.05; done
  if is_running "$app"; then
    progress "$app did not stop within 40 s and is killed"
    kill -KILL "$pid" 2>/dev/null || true
  fi
  rm -f "$(pid_file_of "$app")"
}

write_processes_target() {
  write_target <<JSON
{
  "kind": "processes",
  "invoice_app": $(process_target invoice-app),
  "payment_provider": $(process_target payment-provider)
}
JSON
}

process_target() {
  local app=$1 name value separator=''
  printf '{"url": "http://127.0.0.1:%s", "management": "http://127.0.0.1:%s", ' "$(port_of "$app")" "$(management_port_of "$app")"
  printf '"program": %s, "pid_file": %s, "log_file": %s, "environment": {' \
    "$(json_string "$(deployed_program "$app")")" "$(json_string "$(pid_file_of "$app")")" "$(json_string "$(log_file_of "$app")")"
  while IFS='=' read -r name value; do
    printf '%s%s: %s' "$separator" "$(json_string "$name")" "$(json_string "$value")"
    separator=', '
  done <"$(environment_file_of "$app")"
  printf '}}'
}

say_processes_result() {
  local public=http://127.0.0.1:8081
  say ""
  say "${BOLD}Deployed to this machine.${PLAIN}"
  say "  invoices           curl $public/invoices; echo"
  say "  pay them all       curl --request POST $public/invoices/pay; echo"
  say "  API documentation  $public/docs/ and http://127.0.0.1:8082/docs/"
  say "  data and logs      $STATE/local"
  say "Next: ./test.sh proves it from outside; ./deploy.sh --down stops and removes it."
}

remove_processes() {
  local app
  # The caller first, so that it does not meet a provider that is gone.
  for app in invoice-app payment-provider; do stop_app "$app"; done
  rm -rf "$STATE/local"
}
