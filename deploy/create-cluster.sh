# shellcheck shell=bash
# ./deploy.sh --create-cluster: a local cluster with all that deploy.sh needs of one.

NEW_CLUSTER=invoice-platform

create_cluster() {
  case $1 in
    kind | k3d) ;;
    *) fail "--create-cluster knows kind and k3d, not '$1'." "Type one of them: ./deploy.sh --create-cluster kind" ;;
  esac
  require "$1" kubectl
  if [ "$1" = kind ]; then require helm; fi
  CONTEXT=$1-$NEW_CLUSTER
  step "Create the cluster" "create_with_$1"
  "equip_$1"
  step "Wait for the nodes" quietly kube wait nodes --all --for condition=Ready --timeout=120s
  say ""
  say "${BOLD}The cluster is there, and $CONTEXT is the current kube context.${PLAIN}"
  say "Next: ./deploy.sh deploys to it; $1 $(deletion_of "$1") removes it."
}

create_with_kind() {
  if kind get clusters 2>/dev/null | grep -qxF "$NEW_CLUSTER"; then
    use_existing
    return
  fi
  quietly kind create cluster --config "$ROOT/infra/kind.yaml" --wait 120s
}

create_with_k3d() {
  if k3d cluster list "$NEW_CLUSTER" >/dev/null 2>&1; then
    use_existing
    return
  fi
  quietly k3d cluster create --config "$ROOT/infra/k3d.yaml" --wait --timeout 180s
}

use_existing() {
  detail "it is there already"
  quietly command kubectl config use-context "$CONTEXT"
}

# kind brings nodes, a network that enforces policies (from 0.24 on) and storage, and nothing else.
equip_kind() {
  step "Install the ingress controller" install_ingress_controller
  step "Install metrics-server" install_metrics_server
}

# k3s has Traefik, metrics-server and a controller of network policies inside.
equip_k3d() { :; }

# On the one node whose port 80 the host leads to.
install_ingress_controller() {
  install_chart traefik ingress traefik https://traefik.github.io/charts 37.1.1 \
    --set ports.web.hostPort=80 --set service.type=ClusterIP \
    --set-string nodeSelector.ingress-ready=true \
    --set 'tolerations[0].key=node-role.kubernetes.io/control-plane' --set 'tolerations[0].operator=Exists'
}

# Without it an autoscaler knows no load. kind's kubelets have certificates that nobody signed.
install_metrics_server() {
  install_chart metrics-server kube-system metrics-server https://kubernetes-sigs.github.io/metrics-server 3.13.0 \
    --set 'args={--kubelet-insecure-tls}'
}

# install_chart RELEASE NAMESPACE CHART REPOSITORY VERSION FLAG...
install_chart() {
  local release=$1 namespace=$2 chart=$3 repository=$4 version=$5
  shift 5
  quietly helm upgrade --install "$release" "$chart" --repo "$repository" --version "$version" \
    --kube-context "$CONTEXT" --namespace "$namespace" --create-namespace --wait --timeout 4m "$@"
}

deletion_of() {
  case $1 in
    kind) echo "delete cluster --name $NEW_CLUSTER" ;;
    k3d) echo "cluster delete $NEW_CLUSTER" ;;
  esac
}
