# shellcheck shell=bash
# Missing tools are named with the way to get them.

have() { command -v "$1" >/dev/null 2>&1; }

way_to_get() {
  case $1 in
    cargo) echo "get Rust at https://rustup.rs, then open a new shell" ;;
    kubectl) echo "get it at https://kubernetes.io/docs/tasks/tools/" ;;
    kind) echo "get it at https://kind.sigs.k8s.io/docs/user/quick-start/#installation" ;;
    k3d) echo "get it at https://k3d.io/#installation" ;;
    actionlint) echo "install it: go install github.com/rhysd/actionlint/cmd/actionlint@latest" ;;
    helm) echo "get it at https://helm.sh/docs/intro/install/" ;;
    minikube) echo "get it at https://minikube.sigs.k8s.io/docs/start/" ;;
    engine) echo "install docker (https://docs.docker.com/engine/install/), podman or buildah (apt-get install buildah), and see that it runs" ;;
    *) echo "install it with the system's packages, for example: apt-get install $1" ;;
  esac
}

require() {
  local tool
  for tool in "$@"; do
    have "$tool" || fail "$tool is missing." "$(way_to_get "$tool")"
  done
}
