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

test_at_first_namespaces_in_which_something_runs_are_excepted_but_never_ours() {
  given pods-namespace 'shop invoice shop payments ingress kube-system operations'
  on_testbed
  succeeded
  excepted shop
  excepted ingress
  not_excepted kube-system
  for namespace in invoice payments operations; do not_excepted "$namespace"; done
  called "kubectl --context testbed get pods --all-namespaces --selector !invoice-platform.example/acceptance .*"
}

test_a_namespace_that_comes_later_is_not_excepted_by_what_runs_there() {
  given pods-namespace 'shop ingress evil'
  given excepted-already 'kube-system argocd shop ingress'
  given namespaces 'default kube-system shop ingress evil'
  on_testbed
  succeeded
  excepted shop
  excepted ingress
  not_excepted evil
  not_excepted argocd
}

test_a_namespace_that_is_gone_is_not_excepted_any_more() {
  given excepted-already 'kube-system shop ingress shop-of-old'
  given namespaces 'kube-system shop-of-new ingress shop'
  on_testbed
  succeeded
  excepted shop
  excepted ingress
  not_excepted shop-of-old
  not_excepted shop-of-new
}

test_whoever_deploys_may_name_the_exceptions_and_then_there_are_no_others() {
  given excepted-already 'kube-system shop ingress'
  given namespaces 'kube-system shop ingress depot'
  EXCEPTED_NAMESPACES='depot ingress' on_testbed
  succeeded
  excepted depot
  excepted ingress
  not_excepted shop
  said 'depot ingress'
}

test_no_exceptions_at_all_are_said_with_an_empty_list() {
  given excepted-already 'kube-system shop ingress'
  given namespaces 'kube-system shop ingress'
  EXCEPTED_NAMESPACES='' on_testbed
  succeeded
  not_excepted shop
  not_excepted ingress
  state_of_the_cluster | grep -qF "value: \"['localhost:5000/']\"" || complain 'nothing is patched any more'
}

test_a_team_is_not_excepted_and_neither_is_what_is_no_name() {
  EXCEPTED_NAMESPACES='shop payments' on_testbed
  refused
  said "EXCEPTED_NAMESPACES has payments, which is a team's"
  EXCEPTED_NAMESPACES='shop, depot' on_testbed
  refused
  said 'EXCEPTED_NAMESPACES has shop,, which is no name of a namespace'
}
