# shellcheck shell=bash
# How an image reaches the nodes, and the reference by digest that the manifests then use.

delivery_of() {
  case $1 in
    kind-*) echo kind ;;
    k3d-*) echo k3d ;;
    minikube) echo minikube ;;
    *) echo registry ;;
  esac
}

require_delivery() {
  DELIVERY=$(delivery_of "$CONTEXT")
  if [ "$DELIVERY" = registry ]; then
    require curl
    require_registry
    return
  fi
  require "$DELIVERY"
  local runtimes
  runtimes=$(ask get nodes --output 'jsonpath={range .items[*]}{.status.nodeInfo.containerRuntimeVersion}{"\n"}{end}')
  if grep -qv '^containerd://' <<<"$runtimes"; then
    fail "the nodes of $CONTEXT run $(head -n 1 <<<"$runtimes"), which cannot name a loaded image by its digest." \
      "Use containerd: minikube delete && minikube start --container-runtime=containerd --cni=calico"
  fi
}

# deliver NAME IMAGE: prints the reference NAME@sha256:... under which every node finds the image.
deliver() {
  if [ "$DELIVERY" = registry ]; then
    push_image "$1" "$2"
  else
    load_image "$2"
  fi
}

push_image() {
  local digest
  digest=$(engine_push "$2" "$REGISTRY/$1:local")
  printf '%s/%s@%s' "$REGISTRY" "$1" "$digest"
}

load_image() {
  local image=$1 archive=$STATE/images/load.tar node nodes digest='' found
  mkdir -p "$STATE/images"
  engine_archive "$image" "$archive"
  load_archive "$archive"
  rm -f "$archive"
  # A loaded archive gives the node a tag alone; the manifests name digests, so each node gets that name too.
  nodes=$(ask get nodes --output 'jsonpath={.items[*].metadata.name}') || exit
  for node in $nodes; do
    found=$(on_node "$node" ctr --namespace k8s.io images ls "name==$image" | grep -oE 'sha256:[0-9a-f]{64}' | head -n 1) || true
    [ -n "$found" ] || fail "node $node does not have $image after it was loaded."
    [ -z "$digest" ] || [ "$digest" = "$found" ] || fail "node $node has another $image than the nodes before it."
    digest=$found
    on_node "$node" ctr --namespace k8s.io images tag --force "$image" "${image%:*}@$digest" >/dev/null
  done
  printf '%s@%s' "${image%:*}" "$digest"
}

load_archive() {
  case $DELIVERY in
    kind) quietly kind load image-archive "$1" --name "${CONTEXT#kind-}" ;;
    k3d) quietly k3d image import "$1" --cluster "${CONTEXT#k3d-}" ;;
    minikube) quietly minikube --profile "$CONTEXT" image load "$1" ;;
  esac
}

# on_node NODE COMMAND...: nodes of kind and k3d are containers with the node's name.
on_node() {
  local node=$1
  shift
  case $DELIVERY in
    minikube) minikube --profile "$CONTEXT" ssh --node "$node" -- sudo "$@" </dev/null ;;
    *) "$(node_engine "$node")" exec "$node" "$@" </dev/null ;;
  esac
}

# kind and k3d run on docker or podman, which need not be the engine that builds.
node_engine() {
  local engine
  for engine in docker podman; do
    if have "$engine" && "$engine" container inspect "$1" >/dev/null 2>&1; then
      echo "$engine"
      return
    fi
  done
  fail "neither docker nor podman knows the node $1 of $CONTEXT." "Is the context of a cluster on another machine? See: kubectl config get-contexts"
}

# PostgreSQL's own image, from the registry when it is there already, else copied into it.
deliver_postgres() {
  local image=docker.io/library/postgres:18 digest
  if [ "$DELIVERY" = registry ]; then
    digest=$(registry_digest library/postgres 18)
    if [ -n "$digest" ]; then
      printf '%s/library/postgres@%s' "$REGISTRY" "$digest"
      return
    fi
  fi
  progress "postgres:18 is fetched, which takes a while the first time"
  engine_pull "$image"
  if [ "$DELIVERY" != registry ]; then
    load_image "$image"
    return
  fi
  digest=$(engine_push "$image" "$REGISTRY/library/postgres:18")
  printf '%s/library/postgres@%s' "$REGISTRY" "$digest"
}

# Sets the references that the manifests are rendered with.
deliver_images() {
  PAYMENT_PROVIDER_IMAGE=$(deliver payment-provider "$(local_image payment-provider)")
  INVOICE_APP_IMAGE=$(deliver invoice-app "$(local_image invoice-app)")
  PROBE_IMAGE=$(deliver probe "$(local_image probe)")
  POSTGRES_IMAGE=$(deliver_postgres)
  local reference
  for reference in "$PAYMENT_PROVIDER_IMAGE" "$INVOICE_APP_IMAGE" "$PROBE_IMAGE" "$POSTGRES_IMAGE"; do
    [[ $reference =~ @sha256:[0-9a-f]{64}$ ]] || fail "the digest of an image could not be found: $reference"
    progress "$reference"
  done
}
