# shellcheck shell=bash
# What is deployed where: .deploy/target.json for the acceptance tests, .deploy/cluster for --down.

json_string() {
  local text=${1//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

write_target() {
  mkdir -p "$STATE"
  cat >"$STATE/target.json.new"
  mv "$STATE/target.json.new" "$STATE/target.json"
}

write_cluster_target() {
  write_target <<JSON
{
  "kind": "cluster",
  "context": $(json_string "$CONTEXT"),
  "environment": "local",
  "ingress_url": $(json_string "$INGRESS_ADDRESS"),
  "probe_image": $(json_string "$PROBE_IMAGE"),
  "argocd": $(argocd_target)
}
JSON
}

# What the acceptance tests need to commit to the branch and to find its Applications.
argocd_target() {
  [ "$BY_ARGOCD" = yes ] || { printf null && return; }
  local name names=''
  for name in $(expected_applications); do names+="${names:+, }$(json_string "$name")"; done
  printf '{"namespace": %s, "repository": %s, "branch": %s, "environment": %s, "applications": [%s]}' \
    "$(json_string "$ARGOCD")" "$(json_string "$REPOSITORY_URL")" "$(json_string "$BRANCH")" "$(json_string "$ENVIRONMENT")" "$names"
}

# Before the first change, so that a deployment that was cut off can be taken down too.
record_cluster() {
  mkdir -p "$STATE"
  printf '%s\n%s\n' "$CONTEXT" "$(context_server "$CONTEXT")" >"$STATE/cluster"
}

# Whether a context is for the cluster that was deployed to from here, whatever it is called.
leads_to_recorded_cluster() {
  local server
  [ -f "$STATE/cluster" ] || return 1
  server=$(sed -n 2p "$STATE/cluster")
  [ -n "$server" ] && [ "$(context_server "$1")" = "$server" ]
}

# Prints the context that was deployed to, if its cluster still is at the address that it had then.
recorded_context() {
  local context server
  [ -f "$STATE/cluster" ] || return 0
  { read -r context && read -r server; } <"$STATE/cluster" || return 0
  if have kubectl && [ "$(context_server "$context")" = "$server" ]; then printf '%s' "$context"; fi
}
