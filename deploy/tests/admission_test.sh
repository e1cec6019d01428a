# shellcheck shell=bash
# What admission is told of the cluster.

state_of_the_cluster() { cat "$WORLD/clone/.deploy/render/clusters/local/cluster/kustomization.yaml"; }
excepted() { state_of_the_cluster | grep -qxF "      value: $1" || complain "$1 is not excepted"; }
not_excepted() { if state_of_the_cluster | grep -qxF "      value: $1"; then complain "$1 is excepted once more"; fi; }

on_testbed() {
  has_everything_for_a_cluster
  current_context testbed
  REGISTRY=localhost:5000 deploy
}

test_images_of_this_clusters_registry_alone_are_allowed() {
  on_testbed
  succeeded
  state_of_the_cluster | grep -qF "value: \"['localhost:5000/']\"" || complain 'another registry'
}

test_loaded_images_are_allowed_by_the_names_that_they_are_loaded_under() {
  has_everything_for_a_cluster
  has kind docker
  current_context kind-kind
  deploy
  succeeded
  state_of_the_cluster | grep -qF "value: \"['invoice-platform.example/', 'docker.io/library/postgres@']\"" || complain 'other names'
}

test_namespaces_in_which_something_runs_are_excepted_but_never_ours() {
  given pods-namespace 'shop invoice shop payments ingress kube-system operations'
  on_testbed
  succeeded
  excepted shop
  excepted ingress
  not_excepted kube-system
  for namespace in invoice payments operations; do not_excepted "$namespace"; done
  called "kubectl --context testbed get pods --all-namespaces --selector !invoice-platform.example/acceptance .*"
}
