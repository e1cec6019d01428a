# shellcheck shell=bash
# --down removes what deploy.sh made, and nothing else.

test_down_removes_only_namespaces_with_our_label() {
  has kubectl
  current_context testbed
  given namespace-invoice invoice/invoice-platform
  given namespace-payments payments/
  deploy --down
  succeeded
  called 'kubectl --context testbed delete namespace invoice .*'
  never_called 'delete namespace payments'
  said 'Namespace payments of testbed is left alone'
}

test_down_names_the_namespaces_and_removes_them_at_once() {
  has kubectl
  current_context testbed
  given namespace-invoice invoice/invoice-platform
  given namespace-payments payments/invoice-platform
  given namespace-operations operations/invoice-platform
  deploy --down
  succeeded
  said 'the namespaces: payments invoice operations'
  called 'kubectl --context testbed delete namespace payments invoice operations .*'
}

test_down_never_touches_a_context_that_is_not_local() {
  has kubectl
  current_context production https://10.1.2.3
  given namespace-invoice invoice/invoice-platform
  deploy --down
  succeeded
  never_called '^kubectl --context'
}

test_down_goes_to_the_cluster_that_was_deployed_to() {
  has kubectl
  current_context kind-other
  mkdir -p "$WORLD/clone/.deploy"
  printf 'testbed\nhttps://127.0.0.1:6443\n' >"$WORLD/clone/.deploy/cluster"
  given namespace-invoice invoice/invoice-platform
  deploy --down
  succeeded
  called 'kubectl --context testbed delete namespace invoice .*'
  never_called 'context kind-other'
}

test_down_refuses_a_recorded_context_that_leads_elsewhere_now() {
  has kubectl
  current_context testbed https://203.0.113.7
  mkdir -p "$WORLD/clone/.deploy"
  printf 'testbed\nhttps://127.0.0.1:6443\n' >"$WORLD/clone/.deploy/cluster"
  given namespace-invoice invoice/invoice-platform
  deploy --down
  refused
  never_called 'delete'
}

test_down_local_asks_no_cluster() {
  has kubectl
  current_context testbed
  mkdir -p "$WORLD/clone/.deploy/local"
  deploy --down --local
  succeeded
  never_called '^kubectl'
  [ ! -e "$WORLD/clone/.deploy" ] || complain '.deploy is still there'
}

test_a_stale_pid_file_kills_nobody() {
  mkdir -p "$WORLD/clone/.deploy/local/invoice-app"
  sleep 60 &
  local bystander=$!
  echo "$bystander" >"$WORLD/clone/.deploy/local/invoice-app/pid"
  deploy --down --local
  succeeded
  kill -0 "$bystander" || complain 'another program was killed'
  kill "$bystander"
}

test_what_acceptance_tests_is_kept_when_something_else_is_removed() {
  mkdir -p "$WORLD/clone/.deploy/local"
  printf 'testbed\nhttps://127.0.0.1:6443\n' >"$WORLD/clone/.deploy/cluster"
  printf '{\n  "kind": "cluster"\n}\n' >"$WORLD/clone/.deploy/target.json"
  deploy --down --local
  succeeded
  said 'Still deployed: the cluster of context testbed.'
  [ -e "$WORLD/clone/.deploy/target.json" ] || complain 'the target is forgotten'
}

test_what_acceptance_tests_is_forgotten_when_it_is_removed() {
  mkdir -p "$WORLD/clone/.deploy/local"
  printf 'testbed\nhttps://127.0.0.1:6443\n' >"$WORLD/clone/.deploy/cluster"
  printf '{\n  "kind": "processes"\n}\n' >"$WORLD/clone/.deploy/target.json"
  deploy --down --local
  succeeded
  [ ! -e "$WORLD/clone/.deploy/target.json" ] || complain 'the target is still there'
}
