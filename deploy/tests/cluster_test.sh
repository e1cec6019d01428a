# shellcheck shell=bash
# What deploy.sh does in a cluster, and what it leaves alone there.

on_testbed() {
  has_everything_for_a_cluster
  current_context testbed
  REGISTRY=localhost:5000 deploy
}

test_every_call_to_a_cluster_names_its_context() {
  on_testbed
  succeeded
  if grep '^kubectl ' "$WORLD/calls" | grep -v '^kubectl config ' | grep -qv '^kubectl --context testbed '; then
    complain 'a call names no context'
  fi
}

test_the_database_password_is_never_on_a_command_line_nor_printed() {
  on_testbed
  succeeded
  local password
  password=$(sed -n 's/.*POSTGRES_PASSWORD: //p' "$WORLD/created" | head -n 1)
  [ "${#password}" -ge 32 ] || complain "the password is too short: $password"
  [ "$(sed -n 's/.*POSTGRES_PASSWORD: //p' "$WORLD/created" | sort -u | grep -c .)" = 2 ] || complain 'the apps share a password'
  never_called "$password"
  if grep -qF "$password" "$WORLD/said"; then complain 'the password was printed'; fi
  if grep -rqF "$password" "$WORLD/clone"; then complain 'the password was written down'; fi
}

test_a_secret_that_exists_is_kept() {
  : >"$WORLD/secret-exists"
  on_testbed
  succeeded
  never_called 'create --filename -'
}

test_a_namespace_of_something_else_is_refused_before_anything_is_built() {
  given namespace-payments payments/
  on_testbed
  refused
  said 'namespace payments of testbed belongs to something else'
  never_called '(buildah|cargo|apply|create --filename)'
}

test_a_namespace_of_another_product_is_refused() {
  given namespace-invoice invoice/other-product
  on_testbed
  refused
  never_called 'apply'
}

test_a_cluster_without_an_ingress_controller_is_told_so() {
  given ingressclasses ''
  on_testbed
  refused
  said 'has no ingress controller'
  never_called 'apply'
}

test_the_only_ingress_class_serves_without_being_the_default() {
  given ingressclasses 'nginx k8s.io/ingress-nginx '
  on_testbed
  succeeded
  said 'class nginx, namespace ingress'
  called 'kubectl --context testbed get pods --all-namespaces --selector app.kubernetes.io/name=ingress-nginx .*'
}

test_the_target_is_written_for_the_acceptance_tests() {
  on_testbed
  succeeded
  grep -qF '"kind": "cluster"' "$WORLD/clone/.deploy/target.json" || complain 'no kind'
  grep -qE '"probe_image": "localhost:5000/probe@sha256:1{64}"' "$WORLD/clone/.deploy/target.json" || complain 'no probe'
  grep -qF '"ingress_url": "http://127.0.0.1"' "$WORLD/clone/.deploy/target.json" || complain 'no ingress'
}

test_what_an_apply_changed_is_counted_by_object() {
  given managed 'Service invoice/invoice-app 2026-01-01T00:00:00Z
Deployment invoice/invoice-app 2026-01-01T00:00:00Z'
  given managed-after 'Service invoice/invoice-app 2026-01-01T00:00:00Z
Deployment invoice/invoice-app 2026-01-01T00:00:09Z
Ingress invoice/invoice-app 2026-01-01T00:00:09Z'
  on_testbed
  succeeded
  said 'Apply what belongs to the cluster: 1 created, 1 configured, 1 unchanged'
  said 'Apply invoice-app: 0 created, 0 configured, 3 unchanged'
}
