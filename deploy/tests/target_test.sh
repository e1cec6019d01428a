# shellcheck shell=bash
# Which place deploy.sh chooses.

test_a_context_that_is_not_local_is_named_and_never_touched() {
  has kubectl
  current_context arn:aws:eks:production https://10.1.2.3
  deploy
  said 'the current kube context arn:aws:eks:production is not a local cluster; if you mean it, type ./deploy.sh --context arn:aws:eks:production'
  never_called '^kubectl --context'
}

test_a_local_name_with_an_api_server_elsewhere_is_not_local() {
  has kubectl
  current_context kind-production https://203.0.113.7:6443
  deploy
  said 'is not a local cluster'
  never_called '^kubectl --context'
}

test_a_host_name_that_only_begins_like_a_private_address_is_not_local() {
  has kubectl
  current_context minikube https://10.example.com:8443
  deploy
  said 'is not a local cluster'
}

test_minikube_may_have_a_private_address() {
  has kubectl
  current_context minikube https://192.168.49.2:8443
  deploy
  said 'Deploying to the local cluster of kube context minikube.'
}

test_an_ipv6_loopback_is_local() {
  has kubectl
  current_context kind-kind 'https://[::1]:6443'
  deploy
  said 'Deploying to the local cluster of kube context kind-kind.'
}

test_a_local_cluster_that_does_not_answer_is_left_for_this_machine() {
  has kubectl
  current_context kind-kind
  : >"$WORLD/cluster-is-away"
  deploy
  said 'Deploying to this machine: the cluster of the current kube context kind-kind does not answer.'
}

test_a_named_context_that_does_not_answer_is_an_error() {
  has kubectl
  given contexts far-away
  : >"$WORLD/cluster-is-away"
  deploy --context far-away
  refused
  said 'the cluster of context far-away does not answer'
}

test_a_named_context_that_does_not_exist_is_an_error() {
  has kubectl
  deploy --context nowhere
  refused
  said 'there is no kube context nowhere'
}

test_local_never_asks_any_cluster() {
  has kubectl
  current_context kind-kind
  deploy --local
  said 'Deploying to this machine, as --local says.'
  never_called '^kubectl'
}

test_without_kubectl_the_place_is_this_machine() {
  deploy
  said 'Deploying to this machine: kubectl is missing (get it at https://kubernetes.io/docs/tasks/tools/).'
}

# A cluster that was deployed to from here, and a team's kubeconfig for it, as ./deploy.sh kubeconfig names its context.
with_credentials_of_a_team() {
  has_everything_for_a_cluster
  current_context "${1:-invoice}"
  mkdir -p "$WORLD/clone/.deploy"
  printf 'testbed\nhttps://127.0.0.1:6443\n' >"$WORLD/clone/.deploy/cluster"
  : >"$WORLD/credentials-of-a-team"
}

test_credentials_of_a_team_are_named_with_the_way_out_and_not_proposed() {
  with_credentials_of_a_team
  deploy
  said 'Deploying to this machine: the credentials of the current kube context invoice may not create namespaces'
  said 'unset KUBECONFIG'
  if grep -qF 'type ./deploy.sh --context invoice' "$WORLD/said"; then complain 'they were proposed'; fi
}

test_the_same_context_with_rights_of_its_own_is_proposed() {
  with_credentials_of_a_team
  rm "$WORLD/credentials-of-a-team"
  deploy
  said 'if you mean it, type ./deploy.sh --context invoice'
}

test_credentials_of_a_team_are_refused_where_they_are_meant() {
  with_credentials_of_a_team
  deploy --context invoice
  refused
  said 'the credentials of context invoice may not create namespaces'
  said 'unset KUBECONFIG'
  never_called 'apply|create --filename'
  rm "$WORLD/credentials-of-a-team"
  deploy --context invoice
  said 'Deploying to the cluster of context invoice, as --context says.'
}

test_credentials_of_a_team_under_a_local_name_deploy_nothing_there() {
  with_credentials_of_a_team testbed
  deploy
  said 'the credentials of the current kube context testbed may not create namespaces'
  never_called 'apply|create --filename'
}
