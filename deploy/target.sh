# shellcheck shell=bash
# Where to deploy: a cluster that is clearly meant for it, else this machine.

# The names of programs and of their namespaces, in the order in which they are needed.
APPS=(payment-provider invoice-app)
namespace_of() { [ "$1" = invoice-app ] && echo invoice || echo payments; }

# Every call names its context, so that nothing depends on which one is current a moment later.
kube() { command kubectl --context "$CONTEXT" "$@"; }

# ask WORD...: what kubectl answers. One that fails has not said "none", so nothing may follow from its silence. What
# is called in a condition goes on after a failure, so there it is: answer=$(ask ...) || exit
ask() {
  local question=$*
  kube "$@" </dev/null || fail "kubectl got no answer from the cluster of $CONTEXT; the line above says why." \
    "When it answers this, type the same as before: kubectl --context $CONTEXT ${question%% --output*}"
}

context_server() {
  command kubectl config view --minify --context "$1" --output 'jsonpath={.clusters[0].cluster.server}' 2>/dev/null
}

context_exists() { command kubectl config get-contexts --output name 2>/dev/null | grep -qxF -- "$1"; }

context_answers() { command kubectl --context "$1" --request-timeout=5s get --raw /version >/dev/null 2>&1 </dev/null; }

# A team's kubeconfig may not: what is deployed needs namespaces of its own.
may_create_namespaces() {
  local answer
  answer=$(command kubectl --context "$1" --request-timeout=5s auth can-i create namespaces 2>/dev/null </dev/null) || true
  [[ $answer != no* ]]
}

# Whose it probably is, and the way out.
FOREIGN_CREDENTIALS="may not create namespaces, as a team's kubeconfig may not"
OWN_CREDENTIALS='To deploy to the cluster go back to your own: unset KUBECONFIG, or kubectl config use-context NAME.'

server_host() {
  local host=${1#*://}
  host=${host%%/*}
  case $host in
    \[*) host=${host%%]*} && host=${host#[} ;;
    *) host=${host%%:*} ;;
  esac
  printf '%s' "$host"
}

is_loopback() {
  case $1 in localhost | 127.* | ::1 | 0.0.0.0 | host.docker.internal | host.containers.internal) return 0 ;; *) return 1 ;; esac
}

is_private() {
  [[ $1 =~ ^(10\.|192\.168\.|172\.(1[6-9]|2[0-9]|3[01])\.)[0-9.]+$ ]]
}

# A name alone proves nothing: the API server has to be where that kind of cluster has it.
is_local_context() {
  local host
  host=$(server_host "$(context_server "$1")")
  case $1 in
    kind-* | k3d-* | testbed) is_loopback "$host" ;;
    minikube) is_loopback "$host" || is_private "$host" ;;
    *) return 1 ;;
  esac
}

# What the target is for, in the words of the line that names it.
PURPOSE=Deploying

# Sets TARGET to processes or cluster, and CONTEXT for the latter.
choose_target() {
  TARGET=processes
  if [ "$FORCE_LOCAL" = yes ]; then
    say "$PURPOSE to this machine, as --local says."
    return
  fi
  if [ -n "$WANTED_CONTEXT" ]; then
    choose_named_context
    return
  fi
  if ! have kubectl; then
    say "$PURPOSE to this machine: kubectl is missing ($(way_to_get kubectl))."
    return
  fi
  choose_current_context
}

choose_named_context() {
  require kubectl
  context_exists "$WANTED_CONTEXT" ||
    fail "there is no kube context $WANTED_CONTEXT." "See the ones there are: kubectl config get-contexts"
  context_answers "$WANTED_CONTEXT" ||
    fail "the cluster of context $WANTED_CONTEXT does not answer at $(context_server "$WANTED_CONTEXT")." \
      "Start it, or deploy to this machine: ./deploy.sh --local"
  may_create_namespaces "$WANTED_CONTEXT" ||
    fail "the credentials of context $WANTED_CONTEXT $FOREIGN_CREDENTIALS." "$OWN_CREDENTIALS"
  TARGET=cluster CONTEXT=$WANTED_CONTEXT
  say "$PURPOSE to the cluster of context $CONTEXT, as --context says."
}

choose_current_context() {
  local current
  current=$(command kubectl config current-context 2>/dev/null) || current=''
  if [ -z "$current" ]; then
    say "$PURPOSE to this machine: there is no current kube context."
  elif ! is_local_context "$current" && ! leads_to_recorded_cluster "$current"; then
    say_context_is_not_local "$current"
  elif ! context_answers "$current"; then
    say "$PURPOSE to this machine: the cluster of the current kube context $current does not answer."
  elif ! may_create_namespaces "$current"; then
    say "$PURPOSE to this machine: the credentials of the current kube context $current $FOREIGN_CREDENTIALS."
    say "$OWN_CREDENTIALS"
  elif ! is_local_context "$current"; then
    say_context_is_not_local "$current"
  else
    TARGET=cluster CONTEXT=$current
    say "$PURPOSE to the local cluster of kube context $CONTEXT."
  fi
}

say_context_is_not_local() {
  say "$PURPOSE to this machine: the current kube context $1 is not a local cluster; if you mean it, type ./deploy.sh --context $1"
}
