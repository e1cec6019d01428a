# shellcheck shell=bash
# What the cluster already has: an ingress controller, and perhaps a Prometheus and a collector of traces.

# The app.kubernetes.io/name of the pods of an ingress controller, by its IngressClass's controller.
controller_name() {
  case $1 in
    traefik.io/*) echo traefik ;;
    k8s.io/ingress-nginx) echo ingress-nginx ;;
    nginx.org/*) echo nginx-ingress ;;
    haproxy-ingress.github.io/*) echo haproxy-ingress ;;
    haproxy.org/*) echo kubernetes-ingress ;;
    projectcontour.io/*) echo contour ;;
    ingress-controllers.konghq.com/*) echo kong ;;
  esac
}

# Sets INGRESS_CLASS, and INGRESS_NAMESPACE unless the environment has it.
find_ingress() {
  local classes line controller='' name
  classes=$(ask get ingressclasses --output \
    'jsonpath={range .items[*]}{.metadata.name}{" "}{.spec.controller}{" "}{.metadata.annotations.ingressclass\.kubernetes\.io/is-default-class}{"\n"}{end}')
  line=$(grep ' true$' <<<"$classes" | head -n 1) || true
  [ -n "$line" ] || [ "$(grep -c . <<<"$classes")" != 1 ] || line=$classes
  [ -n "$line" ] || fail "the cluster of $CONTEXT has no ingress controller that new Ingresses would use: no default IngressClass was found." \
    "Install one, for example: https://kind.sigs.k8s.io/docs/user/ingress" \
    "or mark one: kubectl --context $CONTEXT annotate ingressclass NAME ingressclass.kubernetes.io/is-default-class=true"
  read -r INGRESS_CLASS controller _ <<<"$line"
  if [ -z "${INGRESS_NAMESPACE:-}" ]; then
    name=$(controller_name "$controller")
    [ -z "$name" ] || INGRESS_NAMESPACE=$(namespace_of_pods "$name")
  fi
  [ -n "${INGRESS_NAMESPACE:-}" ] || fail "the pods of ingress controller $controller were not found in any namespace." \
    "Name its namespace, so that its traffic can be let in: INGRESS_NAMESPACE=... ./deploy.sh"
  detail "class $INGRESS_CLASS, namespace $INGRESS_NAMESPACE"
}

# Prometheus is optional: without it nobody is let in to scrape.
find_prometheus() {
  [ -n "${PROMETHEUS_NAMESPACE:-}" ] || PROMETHEUS_NAMESPACE=$(namespace_of_pods prometheus)
  detail "${PROMETHEUS_NAMESPACE:-none, so nothing may scrape}"
}

# A collector of traces and logs is optional: without it nothing is sent, and no way out is open. Sets
# COLLECTOR_URL, COLLECTOR_PODS (its Service's selector, as JSON); both are empty where there is none.
find_collector() {
  local all chosen name
  COLLECTOR_URL='' COLLECTOR_PODS=''
  if [ "${COLLECTOR:-}" = none ]; then
    detail "none, as COLLECTOR says"
    return
  fi
  all=$(collectors)
  chosen=$all
  if [ -n "${COLLECTOR:-}" ]; then
    chosen=$(collector_named "$COLLECTOR" <<<"$all") ||
      fail "COLLECTOR is $COLLECTOR, which is no Service that takes OTLP over HTTP on port 4318 and leads to pods." \
        "Name one as NAMESPACE/SERVICE, or none. There are: $(names_of "$all")"
  fi
  case $(grep -c . <<<"$chosen") in
    0) detail "none, so no traces and logs are sent" ;;
    1)
      read -r name COLLECTOR_PODS <<<"$chosen"
      COLLECTOR_URL=http://${name#*/}.${name%%/*}.svc:4318
      detail "$name" ;;
    *) detail "several ($(names_of "$chosen")), so none is used: name one, COLLECTOR=NAMESPACE/SERVICE ./deploy.sh" ;;
  esac
}

# NAMESPACE/SERVICE SELECTOR, a line for each Service that takes OTLP over HTTP. A headless one beside it has the same
# pods; one of a team is no part of the platform. A port may have a name, which says that it is the one of OTLP.
collectors() {
  local ours services
  ours=$(printf '|%s' "${TENANTS[@]}")
  services=$(ask get services --all-namespaces --output \
    'jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {.spec.clusterIP}{range .spec.ports[?(@.port==4318)]} {.targetPort}{end} {.spec.selector}{"\n"}{end}') || exit
  sed -nE 's/^([^ ]+) [0-9a-f.:]+ (4318|[a-z0-9-]*[a-z][a-z0-9-]*) (\{.+\})$/\1 \3/p' <<<"$services" | grep -vE "^(${ours#|})/" || true
}

collector_named() {
  local name pods
  while read -r name pods; do
    [ "$name" != "$1" ] || { echo "$name $pods" && return; }
  done
  return 1
}

names_of() {
  local names
  names=$(cut -d ' ' -f 1 <<<"$1" | tr '\n' ' ')
  names=${names% }
  echo "${names:-none}"
}

# The namespace of the running pods that carry a name, or nothing.
namespace_of_pods() {
  local namespaces
  namespaces=$(ask get pods --all-namespaces --selector "app.kubernetes.io/name=$1" --field-selector status.phase=Running \
    --output 'jsonpath={.items[*].metadata.namespace}') || exit
  echo "${namespaces%% *}"
}

# Addresses at which the ingress controller may be reached from this machine, likeliest first.
ingress_candidates() {
  if [ -n "${INGRESS_URL:-}" ]; then
    echo "${INGRESS_URL%/}"
    return
  fi
  case $DELIVERY in
    kind) published_address "${CONTEXT#kind-}-control-plane" ;;
    k3d) published_address "k3d-${CONTEXT#k3d-}-serverlb" ;;
    minikube) echo "http://$(minikube --profile "$CONTEXT" ip)" ;;
  esac
  if is_local_context "$CONTEXT"; then echo http://127.0.0.1; fi
  local address addresses
  addresses=$(ask --namespace "$INGRESS_NAMESPACE" get services --output \
    'jsonpath={.items[*].status.loadBalancer.ingress[*].ip} {.items[*].status.loadBalancer.ingress[*].hostname}') || exit
  for address in $addresses; do echo "http://$address"; done
}

# The host's port that leads to port 80 of a node's container.
published_address() {
  local port
  port=$("$(node_engine "$1")" port "$1" 80/tcp 2>/dev/null | head -n 1 | grep -oE '[0-9]+$') || return 0
  echo "http://127.0.0.1:$port"
}
