# shellcheck shell=bash
# The cluster's side: from namespaces to an answer through the Ingress, and back.

deploy_to_cluster() {
  require curl openssl
  require_delivery
  refuse_foreign_namespaces
  refuse_argocd_without_repository
  step "Look for the ingress controller" find_ingress
  step "Look for Prometheus" find_prometheus
  step "Look for a collector of traces and logs" find_collector
  step "Look for whom admission leaves alone" find_others
  if [ "$WITH_ARGOCD" = yes ]; then step "Install Argo CD" install_argocd; fi
  step "Look for Argo CD" choose_way
  step "Look for a container engine" find_engine
  if can_package_host_build; then step "Build the programs" build_programs; fi
  step "Build the images" build_images
  record_cluster
  step "Deliver the images ($DELIVERY)" deliver_images
  render_state
  if [ "$BY_ARGOCD" = yes ]; then deploy_by_argocd; else deploy_from_here; fi
  step "Wait for an answer through the Ingress" wait_for_ingress
  write_cluster_target
  say_cluster_result
}

# The same state and the same order as through Argo CD, applied once.
deploy_from_here() {
  local app
  step "Apply what belongs to the cluster" apply_folder "$RENDERED/$CLUSTER_FOLDER/cluster"
  step "Apply the namespaces" apply_folder "$RENDERED/$CLUSTER_FOLDER/tenants"
  step "Make the secrets" make_secrets
  render_apps
  for app in "${APPS[@]}"; do step "Apply $app" apply_folder "$RENDERED/$CLUSTER_FOLDER/$app" --selector "$NO_HOOK"; done
  step "Wait for the databases" wait_for_databases
  step "Wait for the apps" wait_for_apps
  step "Take a first look" take_first_look
}

# Argo CD runs it after a sync; a Job cannot be changed, so that here it is made anew each time.
SMOKE=invoice-app-smoke
NO_HOOK=app.kubernetes.io/name!=$SMOKE

take_first_look() {
  local deadline=$((SECONDS + 90)) conditions=''
  invoice_kube delete job "$SMOKE" --ignore-not-found >/dev/null
  apply_quietly "$RENDERED/$CLUSTER_FOLDER/invoice-app" --selector "app.kubernetes.io/name=$SMOKE"
  until [[ $conditions = *Complete* ]]; do
    if [[ $conditions = *Failed* ]] || [ $SECONDS -ge $deadline ]; then
      invoice_kube logs "job/$SMOKE" >&2 || true
      fail "invoice-app is up, but the first look at it failed." "Look closer: kubectl --context $CONTEXT --namespace invoice logs deployment/invoice-app"
    fi
    sleep 0.3
    conditions=$(invoice_kube get job "$SMOKE" --output 'jsonpath={.status.conditions[*].type}')
  done
  invoice_kube delete job "$SMOKE" --ignore-not-found >/dev/null
}

invoice_kube() { kube --namespace invoice "$@" </dev/null; }

make_secrets() {
  make_database_secrets
  make_certificates
}

wait_for_databases() {
  local app
  for app in "${APPS[@]}"; do wait_for "$app" "statefulset/$app-database"; done
}

wait_for_apps() {
  local app
  for app in "${APPS[@]}"; do
    wait_for_autoscaler "$app"
    wait_for "$app" "deployment/$app"
  done
}

# A new Deployment has one replica until its autoscaler first looks at it.
wait_for_autoscaler() {
  quietly command kubectl --context "$CONTEXT" --namespace "$(namespace_of "$1")" wait "horizontalpodautoscaler/$1" \
    --for=condition=AbleToScale --timeout=90s
}

# wait_for APP WORKLOAD
wait_for() {
  local namespace line
  namespace=$(namespace_of "$1")
  kube --namespace "$namespace" rollout status "$2" --timeout=180s 2>&1 </dev/null |
    while read -r line; do progress "$line"; done ||
    explain_rollout "$namespace" "$2"
}

explain_rollout() {
  kube --namespace "$1" get pods --output wide >&2 || true
  kube --namespace "$1" get events --field-selector type=Warning --sort-by=.lastTimestamp 2>/dev/null | tail -n 10 >&2 || true
  fail "$2 did not become ready within 180 s." \
    "Look closer: kubectl --context $CONTEXT --namespace $1 describe pods" \
    "and: kubectl --context $CONTEXT --namespace $1 logs $2 --all-containers"
}

# Sets INGRESS_ADDRESS to the first address that answers.
wait_for_ingress() {
  local deadline=$((SECONDS + 90)) candidates candidate
  candidates=$(ingress_candidates | sort -u)
  [ -n "$candidates" ] || fail "no address is known at which the ingress controller of $CONTEXT could be reached from here." \
    "Name it: INGRESS_URL=http://... ./deploy.sh"
  while [ $SECONDS -lt $deadline ]; do
    for candidate in $candidates; do
      if curl --silent --fail --max-time 5 --output /dev/null "$candidate/invoices"; then
        INGRESS_ADDRESS=$candidate
        detail "$candidate/invoices"
        return
      fi
    done
    sleep 0.3
  done
  fail "GET /invoices was not answered within 90 s at: $(tr '\n' ' ' <<<"$candidates")" \
    "If the ingress controller is reached elsewhere: INGRESS_URL=http://... ./deploy.sh"
}

say_cluster_result() {
  say ""
  say "${BOLD}Deployed to the cluster of $CONTEXT.${PLAIN}"
  say "  invoices           curl $INGRESS_ADDRESS/invoices; echo"
  say "  pay them all       curl --request POST $INGRESS_ADDRESS/invoices/pay; echo"
  say "  API documentation  $INGRESS_ADDRESS/docs/"
  if [ "$BY_ARGOCD" = yes ]; then
    say "  what is deployed   $(printf 'git -C %q fetch %q %q && git -C %q log FETCH_HEAD' "$ROOT" "$REPOSITORY_URL" "$BRANCH" "$ROOT")"
    say "  Argo CD            $(way_to_argocd)"
  fi
  say "  pods               kubectl --context $CONTEXT get pods --all-namespaces --selector $OURS"
  say "Next: ./test.sh proves it from outside; ./deploy.sh --down removes it."
}

# Its pages, where it has some: an Argo CD may be installed without them, or call them by another name.
way_to_argocd() {
  local pages
  pages=$(argocd_kube get service argocd-server --ignore-not-found --output name 2>/dev/null) || pages=''
  if [ -n "$pages" ]; then
    echo "kubectl --context $CONTEXT --namespace $ARGOCD port-forward $pages 8443:443, then https://localhost:8443"
  else
    echo "kubectl --context $CONTEXT get applications --namespace $ARGOCD"
  fi
}

# Removes the namespaces that carry our label, with all that is in them, and what no namespace holds.
remove_from_cluster() {
  local namespace owner ours=()
  if argocd_is_there; then remove_from_argocd; fi
  for namespace in "${TENANTS[@]}"; do
    owner=$(owner_of_namespace "$namespace")
    case $owner in
      ours) ours+=("$namespace") ;;
      foreign) say "Namespace $namespace of $CONTEXT is left alone: it lacks the label $OURS." ;;
      none) say "Namespace $namespace of $CONTEXT is not there." ;;
    esac
  done
  if [ ${#ours[@]} -gt 0 ]; then
    say "Removing from $CONTEXT, with all that is in them, the namespaces: ${ours[*]}"
    step "Remove the namespaces" quietly command kubectl --context "$CONTEXT" delete namespace "${ours[@]}" --timeout=180s
  fi
  step "Remove what belongs to the cluster" quietly command kubectl --context "$CONTEXT" delete --ignore-not-found --selector "$OURS" \
    validatingadmissionpolicybindings,validatingadmissionpolicies,clusterrolebindings,clusterroles
  rm -f "$STATE/cluster"
}
