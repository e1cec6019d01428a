# shellcheck shell=bash
# How images reach each kind of cluster, and under which reference.

DIGEST=sha256:1111111111111111111111111111111111111111111111111111111111111111
IMAGE=invoice-platform.example/invoice-app

rendered() {
  local file=$WORLD/clone/.deploy/render/kustomize/apps/invoice-app/overlays/local/image/kustomization.yaml
  grep -qF "$1" "$file" || complain "not rendered: $1 in $(cat "$file")"
}

test_kind_loads_an_archive_and_names_it_by_digest_on_every_node() {
  has cargo rustc curl kubectl docker kind
  current_context kind-demo
  given nodes 'demo-control-plane demo-worker'
  deploy
  succeeded
  called 'kind load image-archive .*/load.tar --name demo'
  called "docker exec demo-control-plane ctr --namespace k8s.io images tag --force $IMAGE:local $IMAGE@$DIGEST"
  called "docker exec demo-worker ctr --namespace k8s.io images tag --force $IMAGE:local $IMAGE@$DIGEST"
  called "docker exec demo-worker ctr --namespace k8s.io images tag --force docker.io/library/postgres:18 docker.io/library/postgres@$DIGEST"
  rendered "newName: $IMAGE"
  rendered "digest: $DIGEST"
  never_called '^docker push'
}

test_kind_on_podman_is_reached_by_podman() {
  has cargo rustc curl kubectl podman kind
  current_context kind-demo
  deploy
  succeeded
  called "podman exec node-1 ctr --namespace k8s.io images tag --force $IMAGE:local $IMAGE@$DIGEST"
}

test_k3d_imports_the_archive() {
  has cargo rustc curl kubectl docker k3d
  current_context k3d-demo https://0.0.0.0:6550
  given nodes k3d-demo-server-0
  deploy
  succeeded
  called 'k3d image import .*/load.tar --cluster demo'
  called "docker exec k3d-demo-server-0 ctr --namespace k8s.io images tag --force $IMAGE:local $IMAGE@$DIGEST"
}

test_minikube_loads_the_archive_and_is_reached_by_ssh() {
  has cargo rustc curl kubectl docker minikube
  current_context minikube https://192.168.49.2:8443
  given nodes minikube
  deploy
  succeeded
  called 'minikube --profile minikube image load .*/load.tar'
  called "minikube --profile minikube ssh --node minikube -- sudo ctr --namespace k8s.io images tag --force $IMAGE:local $IMAGE@$DIGEST"
}

test_minikube_without_containerd_is_told_how_to_get_it() {
  has cargo rustc curl kubectl docker minikube
  current_context minikube https://192.168.49.2:8443
  given runtime docker://28.0.0
  deploy
  refused
  said 'minikube start --container-runtime=containerd'
  never_called 'image load'
}

test_any_other_cluster_is_pushed_to_and_named_by_the_pushed_digest() {
  has_everything_for_a_cluster
  given contexts somewhere
  given server https://api.somewhere.example
  REGISTRY=registry.example/team deploy --context somewhere
  # No address of a cluster elsewhere is guessed.
  refused
  said 'INGRESS_URL'
  called "buildah push --quiet --digestfile .* $IMAGE:local docker://registry.example/team/invoice-app:local"
  called 'curl .* https://registry.example/v2/team/library/postgres/manifests/18'
  rendered 'newName: registry.example/team/invoice-app'
  rendered "digest: $DIGEST"
}

test_a_registry_on_this_machine_is_spoken_to_without_tls() {
  has_everything_for_a_cluster
  current_context testbed
  REGISTRY=localhost:5000 deploy
  succeeded
  called "buildah push --quiet --tls-verify=false --digestfile .* $IMAGE:local docker://localhost:5000/invoice-app:local"
  called 'curl .* http://localhost:5000/v2/library/postgres/manifests/18'
}

test_postgres_is_copied_into_a_registry_that_lacks_it() {
  has_everything_for_a_cluster
  current_context testbed
  : >"$WORLD/registry-lacks-postgres"
  REGISTRY=localhost:5000 deploy
  succeeded
  called 'buildah pull docker.io/library/postgres:18'
  called 'buildah push .* docker.io/library/postgres:18 docker://localhost:5000/library/postgres:18'
}
