# shellcheck shell=bash
# What ./deploy.sh --create-cluster makes, and with what.

test_a_kind_cluster_gets_an_ingress_controller_and_metrics() {
  has kubectl kind helm
  deploy --create-cluster kind
  succeeded
  called 'kind create cluster --config .*/infra/kind.yaml --wait 120s'
  called 'helm upgrade --install traefik traefik .*--kube-context kind-invoice-platform --namespace ingress .*ports.web.hostPort=80.*'
  called 'helm upgrade --install metrics-server .*--kube-context kind-invoice-platform --namespace kube-system .*--kubelet-insecure-tls.*'
  said 'kind delete cluster --name invoice-platform removes it'
}

test_every_chart_has_a_version() {
  has kubectl kind helm
  deploy --create-cluster kind
  succeeded
  called '^helm .*'
  if grep '^helm ' "$WORLD/calls" | grep -qvE -- '--version [0-9]+\.[0-9]+\.[0-9]+ '; then complain 'a chart has no version'; fi
}

test_a_k3d_cluster_brings_what_is_needed_itself() {
  has kubectl k3d
  : >"$WORLD/no-such-cluster"
  deploy --create-cluster k3d
  succeeded
  called 'k3d cluster create --config .*/infra/k3d.yaml --wait --timeout 180s'
  never_called '^helm'
}

test_a_cluster_that_is_there_is_not_made_again() {
  has kubectl kind helm
  given clusters invoice-platform
  deploy --create-cluster kind
  succeeded
  said 'it is there already'
  called 'kubectl config use-context kind-invoice-platform'
  called 'helm upgrade --install traefik .*'
  never_called 'kind create cluster'
}

test_a_cluster_of_k3d_that_is_there_is_not_made_again() {
  has kubectl k3d
  deploy --create-cluster k3d
  succeeded
  said 'it is there already'
  never_called 'k3d cluster create'
}

test_a_missing_tool_is_named_before_anything_is_made() {
  has kubectl kind
  deploy --create-cluster kind
  refused
  said 'helm is missing.'
  never_called '^kind create'
}

test_another_kind_of_cluster_is_refused() {
  has kubectl kind helm
  deploy --create-cluster swarm
  refused
  said "--create-cluster knows kind and k3d, not 'swarm'"
  never_called '^(kind|helm)'
}

test_create_cluster_without_a_kind_is_refused() {
  has kubectl kind helm
  deploy --create-cluster
  refused
  said '--create-cluster needs kind or k3d'
}
