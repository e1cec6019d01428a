# shellcheck shell=bash
# ./deploy.sh --down: removes what ./deploy.sh made, and nothing else.

take_down() {
  if [ -z "$WANTED_CONTEXT" ]; then take_down_processes; fi
  if [ "$FORCE_LOCAL" = no ]; then take_down_cluster; fi
  forget_target
}

take_down_processes() {
  [ -d "$STATE/local" ] || return 0
  step "Stop the local processes and remove $STATE/local" remove_processes
}

take_down_cluster() {
  if [ -n "$WANTED_CONTEXT" ]; then
    choose_named_context
  else
    CONTEXT=$(recorded_context)
    [ -n "$CONTEXT" ] || choose_unrecorded_cluster
  fi
  [ -z "$CONTEXT" ] || remove_from_cluster
}

# Nothing recorded here: another clone may have deployed to the local cluster, which --down then means.
choose_unrecorded_cluster() {
  if [ -f "$STATE/cluster" ]; then
    fail "what was deployed to the cluster of context $(head -n 1 "$STATE/cluster") is still there: this kubeconfig does not lead to that cluster." \
      "With the kubeconfig that does: ./deploy.sh --down; without that cluster: ./deploy.sh --down --local, then remove $STATE"
  fi
  have kubectl || return 0
  local current
  current=$(command kubectl config current-context 2>/dev/null) || return 0
  if is_local_context "$current" && context_answers "$current"; then CONTEXT=$current; fi
}

# The folder goes when nothing in it is needed to take down the rest.
forget_target() {
  if [ -d "$STATE/local" ] || [ -f "$STATE/cluster" ]; then
    say "Still deployed: $(still_deployed)."
    forget_target_of_what_is_gone
    return
  fi
  rm -rf "$STATE"
  say "Nothing of it is left."
}

forget_target_of_what_is_gone() {
  local kind=cluster
  [ ! -d "$STATE/local" ] || kind=processes
  if grep -qF "\"kind\": \"$kind\"" "$STATE/target.json" 2>/dev/null; then return; fi
  say "Type ./deploy.sh to make it what ./test.sh acceptance tests."
  rm -f "$STATE/target.json"
}

still_deployed() {
  if [ -d "$STATE/local" ]; then echo "local processes"; else echo "the cluster of context $(head -n 1 "$STATE/cluster")"; fi
}
