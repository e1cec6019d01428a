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

# How the manifests of an app differ from the repository's, as they were deployed.
deployed() { cat "$WORLD/clone/.deploy/render/clusters/local/$1/kustomization.yaml"; }

JAEGER='monitoring/jaeger 10.1.2.3 otlp-http {"app.kubernetes.io/name":"jaeger"}'

test_traces_and_logs_go_to_the_collector_that_the_cluster_has() {
  # Beside it: one without an address, one without pods, one that listens elsewhere, one of a team.
  given collectors "$JAEGER
monitoring/jaeger-headless None 4318 {\"app.kubernetes.io/name\":\"jaeger\"}
monitoring/nobody 10.1.2.4 4318 
shop/web 10.1.2.5 {\"app\":\"web\"}
shop/odd 10.1.2.6 14318 {\"app\":\"odd\"}
invoice/collector 10.1.2.7 4318 {\"app\":\"collector\"}"
  on_testbed
  succeeded
  said 'Look for a collector of traces and logs: monitoring/jaeger'
  local app
  for app in invoice-app payment-provider; do
    deployed "$app" | grep -qxF '  - collector=http://jaeger.monitoring.svc:4318' || complain "$app is not told where"
    deployed "$app" | grep -qxF '      value: {"app.kubernetes.io/name":"jaeger"}' || complain "$app is not let out to its pods"
    if deployed "$app" | grep -qF without-collector; then complain "$app sends nothing"; fi
  done
}

# nothing_is_sent WORDS: and deploy.sh says why.
nothing_is_sent() {
  succeeded
  said "Look for a collector of traces and logs: $1"
  local app
  for app in invoice-app payment-provider; do
    deployed "$app" | grep -qxF -- '- ../../../kustomize/components/without-collector' || complain "$app sends to somebody"
    if deployed "$app" | grep -qE 'collector=|lets-out'; then complain "$app is told where"; fi
  done
}

test_where_nobody_takes_traces_none_are_sent() {
  on_testbed
  nothing_is_sent 'none, so no traces and logs are sent'
}

test_of_several_collectors_none_is_chosen_but_by_whoever_deploys() {
  given collectors "$JAEGER
tracing/tempo 10.1.2.4 4318 {\"app\":\"tempo\"}"
  on_testbed
  nothing_is_sent 'several (monitoring/jaeger tracing/tempo), so none is used: name one, COLLECTOR=NAMESPACE/SERVICE ./deploy.sh'
  COLLECTOR=tracing/tempo on_testbed
  succeeded
  deployed invoice-app | grep -qxF '  - collector=http://tempo.tracing.svc:4318' || complain 'the one that was named is not used'
}

test_a_collector_that_whoever_deploys_does_not_want_gets_nothing() {
  given collectors "$JAEGER"
  COLLECTOR=none on_testbed
  nothing_is_sent 'none, as COLLECTOR says'
}

test_a_collector_that_is_not_there_is_told_with_those_that_are() {
  given collectors "$JAEGER"
  COLLECTOR=monitoring/jaege on_testbed
  refused
  said 'COLLECTOR is monitoring/jaege, which is no Service that takes OTLP over HTTP'
  said 'There are: monitoring/jaeger'
  never_called '(buildah|cargo|apply|create --filename)'
}

test_a_question_that_kubectl_fails_to_ask_is_not_answered_with_none() {
  local question
  for question in 'get ingressclasses' '=traefik' '=prometheus' 'get services --all-namespaces' 'get crd applications.argoproj.io' \
    'get namespace invoice ' 'get validatingadmissionpolicybinding' 'get pods --all-namespaces --selector !invoice-platform'; do
    given fails "$question"
    : >"$WORLD/calls"
    on_testbed
    refused
    said 'error: kubectl got no answer from the cluster of testbed'
    said 'type the same as before: kubectl --context testbed get '
    never_called '(buildah|cargo|apply|create --filename)'
  done
}

test_a_secret_that_nobody_knows_of_is_not_made_again() {
  local question
  for question in 'get secret payment-provider-database' 'get secret invoice-app-tls'; do
    given fails "$question"
    : >"$WORLD/created"
    on_testbed
    refused
    said 'error: kubectl got no answer from the cluster of testbed'
    if grep -qF "name: ${question##* }" "$WORLD/created"; then complain "${question##* } was made"; fi
  done
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
