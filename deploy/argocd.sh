# shellcheck shell=bash
# The way through Argo CD: it applies what the deployment branch has, and deploy.sh waits until it did.

ARGOCD=argocd # the namespace; the manifests of argocd/ name it too
ROOT_APPLICATION=invoice-platform
PATIENCE=300
BOOTSTRAP=invoice-platform.example/bootstrap=true
# What deploy.sh changes in Argo CD itself is marked as its own by this field manager.
SETTINGS_MANAGER=deploy.sh-settings

argocd_kube() { kube --namespace "$ARGOCD" "$@"; }

argocd_is_there() {
  local kind namespace
  kind=$(ask get crd applications.argoproj.io --ignore-not-found --output name) || exit
  [ -n "$kind" ] || return 1
  namespace=$(namespace_of_pods argocd-application-controller) || exit
  [ "$namespace" = "$ARGOCD" ]
}

root_application_exists() {
  local root
  root=$(ask --namespace "$ARGOCD" get applications.argoproj.io "$ROOT_APPLICATION" --ignore-not-found --output name) || exit
  [ -n "$root" ]
}

# Sets BY_ARGOCD to yes or no.
choose_way() {
  BY_ARGOCD=no
  if ! argocd_is_there; then
    refuse_settings_without_argocd
    detail "none; what git has is applied from here (--with-argocd installs one)"
  elif [ "$WITHOUT_ARGOCD" = yes ]; then
    refuse_to_fight_argocd "you asked to deploy past it"
    detail "there, and passed by as --without-argocd says"
  elif find_repository; then
    BY_ARGOCD=yes
    detail "there, and reads $REPOSITORY_IN_CLUSTER"
  else
    refuse_to_fight_argocd "$NO_REPOSITORY"
    progress "Argo CD is there, but no git repository is known that it could read: $NO_REPOSITORY."
    progress "Name one (GIT_SERVER=...) and it deploys from there; now the manifests are applied from here."
    detail "there, but not used"
  fi
}

# What is applied past it would be set back within seconds.
refuse_to_fight_argocd() {
  root_application_exists || return 0
  fail "Argo CD keeps this deployment as git has it, and $1." \
    "Deploy through it again (GIT_SERVER=... ./deploy.sh), or remove it first: ./deploy.sh --down"
}

deploy_by_argocd() {
  if [ "$CONFIGURE_ARGOCD" = yes ] || argocd_is_ours; then
    step "Configure Argo CD" configure_argocd
  else
    name_missing_settings
  fi
  name_missing_webhook
  step "Look for Sealed Secrets" find_sealed_secrets
  step "Look at the deployment branch" open_branch
  if [ -n "$SEALED_SECRETS" ]; then step "Make the secrets" make_secrets; fi
  render_apps
  step "Render what is to be deployed" render_everything
  step "Commit the state to branch $BRANCH" commit_state
  step "Apply the root and its accounts" apply_root
  if [ -z "$SEALED_SECRETS" ]; then step "Make the secrets" make_secrets; fi
  step "Wait for Argo CD" wait_for_argocd
  step "Wait for the apps" wait_for_apps
}

# A manifest that does not render must not get as far as the branch.
render_everything() {
  local folder count=0
  for folder in "$RENDERED/$CLUSTER_FOLDER"/*/; do
    quietly command kubectl kustomize "$folder" --output "$STATE/rendered.yaml"
    count=$((count + $(grep -c '^kind:' "$STATE/rendered.yaml")))
  done
  rm -f "$STATE/rendered.yaml"
  detail "$count objects"
}

# What no account of Argo CD may give itself: the rights that it deploys with, in the namespaces that
# they are about. And the root with its project; everything else comes from the branch.
apply_root() {
  apply_quietly "$RENDERED/kustomize/cluster/argocd-access"
  apply_quietly "$RENDERED/$CLUSTER_FOLDER/tenants" --selector "$BOOTSTRAP"
  apply_quietly "$RENDERED/$CLUSTER_FOLDER/argocd" --selector "$BOOTSTRAP"
}

# The root first, or it would put the others back; then what is left without an owner. Nothing that was
# deployed goes by this, so it takes seconds and cannot be held up by a sync that fails.
remove_from_argocd() {
  step "Remove the Applications from Argo CD" remove_applications
  if argocd_is_ours; then
    step "Remove Argo CD, which deploy.sh installed" uninstall_argocd
  else
    step "Take back what was set in Argo CD" forget_settings
  fi
}

remove_applications() {
  local kind
  argocd_delete applications.argoproj.io --field-selector "metadata.name=$ROOT_APPLICATION"
  for kind in applicationsets applications appprojects; do argocd_delete "$kind.argoproj.io" --selector "$OURS"; done
  argocd_delete serviceaccounts,roles,rolebindings --selector "$OURS"
}

argocd_delete() {
  quietly command kubectl --context "$CONTEXT" --namespace "$ARGOCD" delete --ignore-not-found --timeout=60s "$@"
}

# The Applications that have to arrive.
expected_applications() {
  printf '%s\n' "$ROOT_APPLICATION" platform-cluster platform-tenants
  local app
  for app in "${APPS[@]}"; do printf '%s\n' "$app-$ENVIRONMENT"; done
}

# "name sync revision health phase synced-revision", with "-" for what is not known.
application_states() {
  argocd_kube get applications.argoproj.io --selector "$OURS" --output \
    'go-template={{range .items}}{{.metadata.name}} {{with .status}}{{with .sync}}{{or .status "-"}} {{or .revision "-"}}{{else}}- -{{end}} {{with .health}}{{or .status "-"}}{{else}}-{{end}} {{with .operationState}}{{or .phase "-"}} {{with .syncResult}}{{or .revision "-"}}{{else}}-{{end}}{{else}}- -{{end}}{{else}}- - - - -{{end}}
{{end}}' </dev/null || true
}

# Argo CD would look at the branch by itself, but only every few minutes.
refresh_applications() {
  argocd_kube annotate applications.argoproj.io --selector "$OURS" argocd.argoproj.io/refresh=normal --overwrite >/dev/null 2>&1 </dev/null || true
}

wait_for_argocd() {
  local deadline=$((SECONDS + PATIENCE)) states waiting said='' refreshed=-10
  while :; do
    if [ $((SECONDS - refreshed)) -ge 10 ]; then
      refresh_applications
      refreshed=$SECONDS
    fi
    states=$(application_states)
    waiting=$(waiting_for "$states")
    [ -n "$waiting" ] || break
    if [ "$waiting" != "$said" ]; then progress "waiting for $(tr '\n' ';' <<<"$waiting" | sed 's/;$//; s/;/, /g')"; fi
    said=$waiting
    if [ $SECONDS -ge $deadline ]; then explain_applications "$waiting"; fi
    sleep 0.5
  done
  detail "$(expected_applications | wc -l | tr -d ' ') Applications Synced and Healthy at ${REVISION:0:12}"
}

# One line for each expected Application that has not arrived, with what it lacks.
waiting_for() {
  local name sync revision health phase synced
  for name in $(expected_applications); do
    read -r _ sync revision health phase synced <<<"$(grep "^$name " <<<"$1" || echo "$name - - - - -")"
    if [ "$revision" != "$REVISION" ]; then
      echo "$name (not seen yet)"
    elif [ "$phase" = Running ]; then
      echo "$name (syncing)"
    elif [ "$sync" != Synced ]; then
      echo "$name ($sync${phase:+, last sync $phase})"
    elif [ "$health" != Healthy ]; then
      echo "$name ($health)"
    fi
  done
}

explain_applications() {
  local name
  while read -r name _; do
    progress "$name:"
    argocd_kube get applications.argoproj.io "$name" --ignore-not-found --output \
      'go-template={{range .status.conditions}}{{.type}}: {{.message}}
{{end}}{{with .status.operationState}}{{.phase}}: {{.message}}
{{with .syncResult}}{{range .resources}}{{if ne .status "Synced"}}{{.kind}} {{.namespace}}/{{.name}}: {{.status}} {{.message}}
{{end}}{{end}}{{end}}{{end}}{{range .status.resources}}{{if ne (or .status "Synced") "Synced"}}{{.kind}} {{.name}}: {{.status}}
{{end}}{{end}}' 2>/dev/null | cut -c 1-600 >&2 || true
  done <<<"$1"
  invoice_kube logs "job/$SMOKE" 2>/dev/null | tail -n 3 >&2 || true
  name_missing_settings
  fail "Argo CD did not arrive at ${REVISION:0:12} within $PATIENCE s." \
    "Look closer: kubectl --context $CONTEXT --namespace $ARGOCD describe applications"
}

# --- what Argo CD itself has to be told

# Prints the names of the settings that this Argo CD lacks, of those in argocd/settings and argocd/notifications;
# before the name of one that it has with another value stands "other:".
missing_settings() {
  local have setting key
  have=$(settings_in argocd-cm)
  while read -r setting; do
    key=${setting%%=*}
    case $key in
      application.sync.impersonation.enabled) grep -qxF "$setting" <<<"$have" || echo "$key" ;;
      # On unless somebody turned it off.
      application.sync.impersonation.enforced) ! grep -qxF "$key=\"false\"" <<<"$have" || echo "$key" ;;
      *)
        if ! grep -q "^$key=" <<<"$have"; then
          echo "$key"
        elif ! grep -qxF -- "$setting" <<<"$have"; then
          echo "other:$key"
        fi ;;
    esac
  done <<<"$(wanted_settings)"
  notifications_are_set || echo notifications
}

notifications_are_set() { grep -q '^trigger.on-sync-failed=' <<<"$(settings_in argocd-notifications-cm)"; }

# KEY="VALUE" on a line each, a value of many lines with \n, as Go quotes it.
SETTINGS_TEMPLATE='{{range $key, $value := .data}}{{printf "%s=%q\n" $key $value}}{{end}}'

settings_in() {
  argocd_kube get configmap "$1" --ignore-not-found --output "go-template=$SETTINGS_TEMPLATE" | without_last_newlines
}

# Whether a value ends with one says nothing.
without_last_newlines() { sed -E 's/(\\n)+"$/"/'; }

# The same of argocd/settings: a key, and its value on its line or below it, indented.
wanted_settings() {
  awk '
    function end() { if (key != "") { gsub(/\\/, "&&", value); gsub(/"/, "\\\"", value); gsub(/\n/, "\\n", value); print key "=\"" value "\"" } }
    /^data:/ { inside = 1; next }
    !inside { next }
    /^    / { value = value substr($0, 5) "\n"; next }
    /^  [a-z][^ :]*:/ { end(); key = $1; sub(/:$/, "", key); value = $2; gsub(/"/, "", value); if (value == "|") value = "" }
    END { end() }' "$ROOT/argocd/settings/argocd-cm.yaml" | without_last_newlines
}

name_missing_settings() {
  local missing key
  missing=$(missing_settings)
  [ -n "$missing" ] || return 0
  say "This Argo CD lacks settings that are its whole installation's, so they are not changed without --configure-argocd:"
  for key in $missing; do say "  $(what_is_missed "$key")"; done
}

# The address is a secret that only an operator knows, so it is named and not set.
name_missing_webhook() {
  local keys
  notifications_are_set || return 0
  # Who may not read it cannot say what it lacks.
  keys=$(argocd_kube get secret argocd-notifications-secret --ignore-not-found \
    --output 'go-template={{range $key, $value := .data}}{{$key}}{{"\n"}}{{end}}' 2>/dev/null) || return 0
  ! grep -qx chat-webhook-url <<<"$keys" || return 0
  say "Notifications have no address to go to: secret $ARGOCD/argocd-notifications-secret has no chat-webhook-url (docs/argo-cd.md says how to set it)."
}

what_is_missed() {
  case $1 in
    other:*) echo "${1#other:} has another value than in argocd/settings: it may take for healthy what is not, or wait for ever." ;;
    application.sync.impersonation.enabled)
      echo "${BOLD}impersonation is off: it syncs with its own rights, which may be all of the cluster's, and not with each project's account.${PLAIN}" ;;
    application.sync.impersonation.enforced)
      echo "${BOLD}impersonation is not enforced: a project that names no account syncs with Argo CD's own rights.${PLAIN}" ;;
    resource.customizations.health.argoproj.io_Application)
      echo "no health check of Applications: the root does not wait for one before it begins the next." ;;
    resource.customizations.health.networking.k8s.io_Ingress)
      echo "no health check of Ingresses: with an ingress controller that reports no address it waits for ever." ;;
    resource.customizations.health.autoscaling_HorizontalPodAutoscaler)
      echo "no health check of autoscalers: one without metrics counts as a failed deployment." ;;
    resource.customizations.health.bitnami.com_SealedSecret)
      echo "the health check of Sealed Secrets may take an older version for the new one." ;;
    notifications) echo "no notifications: nobody is told of a sync that fails." ;;
    *) echo "$1" ;;
  esac
}

configure_argocd() {
  if missing_settings | grep -qx application.sync.impersonation.enabled; then refuse_to_lock_out_others; fi
  render_settings
  # First without storing it, so that either all of it is set or nothing.
  apply_settings --dry-run=server
  apply_settings
  detail "impersonation, health checks, notifications$(links_are_known && echo ", links" || echo "; no links without DASHBOARDS_URL and LOGS_URL")"
}

# In an Argo CD of somebody else's what another manager has set to another value stays: it could not be given
# back. So what is taken back in the end is what was set here.
apply_settings() {
  local output force=()
  if argocd_is_ours; then force=(--force-conflicts); fi
  if output=$(command kubectl --context "$CONTEXT" apply --server-side --field-manager "$SETTINGS_MANAGER" \
    --kustomize "$STATE/settings/cluster" ${force[@]+"${force[@]}"} "$@" 2>&1 </dev/null); then return; fi
  printf '%s\n' "$output" | tail -n 30 >&2
  case $output in
    *conflict*) fail "somebody else keeps these settings of Argo CD, with other values; nothing was changed." \
      "Have them set there as argocd/settings has them, or deploy without --configure-argocd: what is missing is named then." ;;
    *) fail "the settings of Argo CD could not be changed." ;;
  esac
}

links_are_known() { [ -n "${DASHBOARDS_URL:-}" ] && [ -n "${LOGS_URL:-}" ]; }

# The links lead to hosts that only the caller knows.
render_settings() {
  rm -rf "$STATE/settings"
  mkdir -p "$STATE/settings/cluster"
  cp -R "$ROOT/argocd/settings" "$ROOT/argocd/notifications" "$ROOT/argocd/links" "$STATE/settings/"
  printf '%s\n' 'apiVersion: kustomize.config.k8s.io/v1beta1' 'kind: Kustomization' 'resources: [../settings]' >"$STATE/settings/cluster/kustomization.yaml"
  links_are_known || return 0
  echo 'components: [../links]' >>"$STATE/settings/cluster/kustomization.yaml"
  sed -e "s|https://dashboards.invoice-platform.example|${DASHBOARDS_URL%/}|" -e "s|https://logs.invoice-platform.example|${LOGS_URL%/}|" \
    "$ROOT/argocd/links/argocd-cm.yaml" >"$STATE/settings/links/argocd-cm.yaml"
}

# With impersonation a project without an account cannot sync.
refuse_to_lock_out_others() {
  local projects others
  projects=$(ask --namespace "$ARGOCD" get appprojects.argoproj.io --output \
    'go-template={{range .items}}{{if not .spec.destinationServiceAccounts}}{{.metadata.name}}
{{end}}{{end}}')
  [ -n "$projects" ] || return 0
  others=$(ask --namespace "$ARGOCD" get applications.argoproj.io --output 'go-template={{range .items}}{{.spec.project}} {{.metadata.name}}
{{end}}')
  others=$(while read -r project name; do if grep -qxF -- "$project" <<<"$projects"; then echo "$name"; fi; done <<<"$others")
  [ -z "$others" ] || fail "with impersonation these Applications could not sync any more, since their projects name no account:" \
    "$others" "Give their projects destinationServiceAccounts first, or deploy without --configure-argocd."
}

# What was set with --configure-argocd, and only that, is not set any more; what somebody else sets too stays.
forget_settings() {
  local map managers
  for map in argocd-cm argocd-notifications-cm; do
    managers=$(ask --namespace "$ARGOCD" get configmap "$map" --ignore-not-found --show-managed-fields --output 'jsonpath={.metadata.managedFields[*].manager}')
    [[ " $managers " = *" $SETTINGS_MANAGER "* ]] || continue
    printf '%s\n' 'apiVersion: v1' 'kind: ConfigMap' 'metadata:' "  name: $map" "  namespace: $ARGOCD" |
      argocd_kube apply --server-side --field-manager "$SETTINGS_MANAGER" --filename - >/dev/null
    progress "configmap $ARGOCD/$map has its own settings alone again"
  done
}

# --- an Argo CD of our own

INSTALLED_BY_US=invoice-platform.example/installed-by=deploy.sh

argocd_is_ours() {
  local ours
  ours=$(ask get namespaces --selector "$INSTALLED_BY_US" --output name) || exit
  [ -n "$ours" ]
}

install_argocd() {
  local workload there
  if argocd_is_there; then
    detail "there already"
    return
  fi
  there=$(ask get namespace "$ARGOCD" --ignore-not-found --output name)
  [ -z "$there" ] || argocd_is_ours ||
    fail "namespace $ARGOCD of $CONTEXT is there, but no Argo CD runs in it." "Start the one that belongs there, or remove the namespace."
  quietly command kubectl --context "$CONTEXT" apply --server-side --force-conflicts --field-manager "$MANAGER" --kustomize "$ROOT/argocd/install"
  for workload in $(argocd_kube get deployments,statefulsets --output name); do
    progress "waiting for $workload"
    quietly command kubectl --context "$CONTEXT" --namespace "$ARGOCD" rollout status "$workload" --timeout=300s
  done
  detail "$(sed -n 's|.*/argo-cd/\(v[0-9.]*\)/.*|\1|p' "$ROOT/argocd/install/kustomization.yaml")"
}

uninstall_argocd() {
  quietly command kubectl --context "$CONTEXT" delete namespace "$ARGOCD" --timeout=180s
  quietly command kubectl --context "$CONTEXT" delete --ignore-not-found --selector app.kubernetes.io/part-of=argocd \
    customresourcedefinitions,clusterrolebindings,clusterroles
}
