# shellcheck shell=bash
# The namespaces, and the secrets in them that are made here and nowhere written down.

TENANTS=(payments invoice operations)
OURS=app.kubernetes.io/part-of=invoice-platform

# none, ours or foreign.
owner_of_namespace() {
  local owner
  owner=$(kube get namespace "$1" --ignore-not-found --output 'jsonpath={.metadata.name}/{.metadata.labels.app\.kubernetes\.io/part-of}')
  case $owner in
    '') echo none ;;
    "$1/${OURS#*=}") echo ours ;;
    *) echo foreign ;;
  esac
}

refuse_foreign_namespaces() {
  local namespace
  for namespace in "${TENANTS[@]}"; do
    [ "$(owner_of_namespace "$namespace")" != foreign ] || fail \
      "namespace $namespace of $CONTEXT belongs to something else: it lacks the label $OURS." \
      "If it is yours to give: kubectl --context $CONTEXT label namespace $namespace $OURS"
  done
}

# Made once: a second password would lock the app out of the database that knows the first.
make_database_secret() {
  local app=$1 namespace user password
  namespace=$(namespace_of "$app")
  if [ -n "$(kube --namespace "$namespace" get secret "$app-database" --ignore-not-found --output name)" ]; then
    progress "secret $namespace/$app-database unchanged"
    return
  fi
  user=${app//-/_}
  password=$(openssl rand -hex 24)
  # Through a pipe, since command lines can be read by everybody on the machine.
  printf '%s\n' "apiVersion: v1
kind: Secret
metadata:
  name: $app-database
  namespace: $namespace
  labels: {${OURS/=/: }, app.kubernetes.io/name: $app}
stringData:
  POSTGRES_PASSWORD: $password
  DATABASE_URL: postgres://$user:$password@$app-database:5432/$user" | kube create --filename - >/dev/null
  progress "secret $namespace/$app-database created"
}

make_database_secrets() {
  local app
  for app in "${APPS[@]}"; do make_database_secret "$app"; done
}
