# shellcheck shell=bash
# Secrets are made here, once, and go one of two ways: sealed for this cluster into clusters/local, or
# straight into the cluster. They are never written down in the clear, printed or put on a command line.

SEALED_SECRETS='' # the namespace and the Service of its controller, or nothing

# Sealed Secrets are of use where git is what a cluster is made from, with both halves of them there.
find_sealed_secrets() {
  local namespace service services
  SEALED_SECRETS=''
  namespace=$(namespace_of_pods sealed-secrets)
  if [ -z "$namespace" ]; then
    detail "none, so secrets are made in the cluster and git has none"
    return
  fi
  if ! have kubeseal; then
    detail "$namespace has a controller, but kubeseal is missing here: secrets are made in the cluster and git has none"
    return
  fi
  services=$(ask --namespace "$namespace" get services --output 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}')
  service=$(grep -m 1 -E '^sealed-secrets(-controller)?$' <<<"$services") || true
  [ -n "$service" ] || fail "the Service of the Sealed Secrets controller in namespace $namespace was not found." \
    "It is expected under the name sealed-secrets-controller or sealed-secrets."
  SEALED_SECRETS="$namespace $service"
  mkdir -p "$STATE"
  seal --fetch-cert >"$STATE/sealing.pem" || fail "the Sealed Secrets controller $namespace/$service does not give its certificate."
  detail "$namespace/$service"
}

# seal ARGUMENT...: kubeseal for the controller of this cluster.
seal() {
  local namespace service
  read -r namespace service <<<"$SEALED_SECRETS"
  command kubeseal --context "$CONTEXT" --controller-namespace "$namespace" --controller-name "$service" "$@"
}

# The names of an app's sealed files.
sealed_files() {
  local file
  for file in "$RENDERED/$CLUSTER_FOLDER/$1"/sealed-*.yaml; do
    if [ -f "$file" ]; then printf '%s\n' "${file##*/}"; fi
  done
}

sealed_file() { printf '%s/%s/sealed-%s.yaml' "$CLUSTER_FOLDER" "$1" "$2"; }

secret_exists() {
  local secret
  secret=$(ask --namespace "$(namespace_of "$1")" get secret "$2" --ignore-not-found --output name) || exit
  [ -n "$secret" ]
}

# make_secret APP NAME COMMAND...: unless it is there already. COMMAND prints its manifest.
make_secret() {
  local app=$1 name=$2 namespace
  shift 2
  namespace=$(namespace_of "$app")
  if [ -z "$SEALED_SECRETS" ]; then
    if secret_exists "$app" "$name"; then
      progress "secret $namespace/$name unchanged"
    else
      "$@" | put_secret "$app" "$name"
      progress "secret $namespace/$name created"
    fi
  elif outlives "$app" "$name" && keep_sealed "$app" "$name"; then
    progress "secret $namespace/$name unchanged"
  elif secret_exists "$app" "$name"; then
    secret_manifest_of_cluster "$namespace" "$name" | put_secret "$app" "$name"
    # Without it the controller leaves alone a Secret that it did not make.
    quietly command kubectl --context "$CONTEXT" --namespace "$namespace" annotate secret "$name" --overwrite sealedsecrets.bitnami.com/managed=true
    progress "secret $namespace/$name sealed as it is"
  else
    "$@" | put_secret "$app" "$name"
    progress "secret $namespace/$name made and sealed"
  fi
}

# put_secret APP NAME: the manifest on standard input becomes the Secret, by either way.
put_secret() {
  local app=$1 name=$2 file
  if [ -n "$SEALED_SECRETS" ]; then
    file=$RENDERED/$(sealed_file "$app" "$name")
    mkdir -p "${file%/*}"
    seal --cert "$STATE/sealing.pem" --format yaml >"$file" || fail "kubeseal could not seal the secret $name."
  elif secret_exists "$app" "$name"; then
    kube replace --filename - >/dev/null
  else
    kube create --filename - >/dev/null
  fi
}

# Whether what the secret opens is still there: a database that is made anew has never heard of the
# password, or of the role, that the branch has from the one before it.
outlives() {
  local data
  if secret_exists "$1" "$2"; then return; fi
  data=$(ask --namespace "$(namespace_of "$1")" get persistentvolumeclaim "data-$1-database-0" --ignore-not-found --output name) || exit
  [ -n "$data" ]
}

# The sealed file of the branch, if this cluster's controller can open it: a fresh cluster has other keys.
keep_sealed() {
  local path file
  path=$(sealed_file "$1" "$2")
  file=$RENDERED/$path
  mkdir -p "${file%/*}"
  if branch_file "$path" >"$file" && seal --validate <"$file" >/dev/null 2>&1; then return; fi
  rm -f "$file"
  return 1
}

# Without what the API server added, so that it can be made again from it.
secret_manifest_of_cluster() {
  kube --namespace "$1" get secret "$2" --output "go-template=apiVersion: v1
kind: Secret
metadata:
  name: {{.metadata.name}}
  namespace: {{.metadata.namespace}}
  labels:{{range \$key, \$value := .metadata.labels}}
    {{\$key}}: {{\$value}}{{end}}
type: {{.type}}
data:{{range \$key, \$value := .data}}
  {{\$key}}: {{\$value}}{{end}}
"
}

# A second password would lock the app out of the database that knows the first.
make_database_secrets() {
  local app
  for app in "${APPS[@]}"; do make_secret "$app" "$app-database" database_secret_manifest "$app"; done
}

database_secret_manifest() {
  local app=$1 user password
  user=${app//-/_}
  password=$(openssl rand -hex 24)
  printf '%s\n' "apiVersion: v1
kind: Secret
metadata:
  name: $app-database
  namespace: $(namespace_of "$app")
  labels: {${OURS/=/: }, app.kubernetes.io/name: $app}
stringData:
  POSTGRES_PASSWORD: $password
  DATABASE_URL: postgres://$user:$password@$app-database:5432/$user"
}
