# shellcheck shell=bash
# The world that a test runs deploy.sh in: a folder with a copy of it, and a PATH that leads to
# nothing but plain system tools and the stand-ins that the test asked for.

# What deploy.sh may rely on everywhere.
SYSTEM_TOOLS=(bash env cat cp ln mv rm mkdir chmod touch head tail tr cut sort grep sed uname id dirname readlink sleep cmp ps nohup mktemp openssl find git wc seq awk renice)

begin_world() {
  # A test says itself which registry and which git server there is.
  unset REGISTRY GIT_SERVER EXCEPTED_NAMESPACES COLLECTOR
  export WORLD
  WORLD=$(mktemp -d)
  local here=$1 tool
  # What the world was made from, for tests of what is said rather than done.
  SOURCES=$(cd "$here/../.." && pwd -P)
  export SOURCES
  mkdir -p "$WORLD/bin" "$WORLD/clone/.github"
  cp -R "$here/../../deploy.sh" "$here/../../deploy" "$here/../../infra" "$here/../../argocd" "$here/../../environments.yaml" "$WORLD/clone/"
  cp -R "$here/../../.github/scripts" "$WORLD/clone/.github/"
  # All of the manifests that a deployment copies; nothing here renders them.
  mkdir -p "$WORLD/clone/kustomize/apps"/{invoice-app,payment-provider}/overlays/{local,dev}/image
  cp -R "$here/../../kustomize/cluster" "$WORLD/clone/kustomize/"
  # Whoever listens on this machine, a deployment of its own among them, is not in this world.
  # shellcheck disable=SC2016 # for the copy to expand
  printf '%s\n' 'port_is_taken() { [ "$1" = "$(cat "$WORLD/taken-port")" ]; }' >>"$WORLD/clone/deploy/processes.sh"
  given taken-port ''
  for tool in "${SYSTEM_TOOLS[@]}"; do ln -s "$(command -v "$tool")" "$WORLD/bin/$tool"; done
  cp "$here/stand-ins/record.sh" "$WORLD/bin/"
  : >"$WORLD/calls"
  : >"$WORLD/said"
  given current-context ''
  given server https://127.0.0.1:6443
  given contexts ''
  given nodes node-1
  given runtime containerd://2.1.0
  given ingressclasses 'traefik traefik.io/ingress-controller true'
  given pods-namespace ingress
  given namespaces 'default ingress'
  given user 65532:65532
  given size 9000000
  given managed ''
  given argocd-settings ''
  given synced Synced
  given health Healthy
  given clusters ''
}

end_world() { rm -rf "$WORLD"; }

# given NAME VALUE: what a stand-in answers with.
given() { printf '%s\n' "$2" >"$WORLD/$1"; }

has() {
  local tool
  for tool in "$@"; do
    # Where a link to the system's own is, cp would write through it.
    rm -f "$WORLD/bin/$tool"
    cp "$WORLD/clone/deploy/tests/stand-ins/$tool" "$WORLD/bin/$tool"
  done
}

# A machine that can build, with one engine that answers.
has_everything_for_a_cluster() { has cargo rustc curl kubectl buildah; }

current_context() {
  given current-context "$1"
  given contexts "$1"
  [ -z "${2:-}" ] || given server "$2"
}

# deploy ARGUMENT...: runs it from another folder; its words are in $WORLD/said, its exit code in CODE.
deploy() {
  CODE=0
  (cd / && env -i PATH="$WORLD/bin" HOME="$WORLD" WORLD="$WORLD" REGISTRY="${REGISTRY:-}" GIT_SERVER="${GIT_SERVER:-}" COLLECTOR="${COLLECTOR:-}" \
    ${EXCEPTED_NAMESPACES+EXCEPTED_NAMESPACES="$EXCEPTED_NAMESPACES"} bash "$WORLD/clone/deploy.sh" "$@") >"$WORLD/said" 2>&1 </dev/null || CODE=$?
}

complain() {
  printf '%s\n--- said:\n%s\n--- called:\n%s\n' "$1" "$(cat "$WORLD/said")" "$(cat "$WORLD/calls")"
  exit 1
}

succeeded() { [ "$CODE" = 0 ] || complain "it failed with $CODE"; }
refused() { [ "$CODE" = 1 ] || complain "it should have failed with 1, not $CODE"; }
said() { grep -qF -- "$1" "$WORLD/said" || complain "it did not say: $1"; }
called() { grep -qxE -- "$1" "$WORLD/calls" || complain "it did not call: $1"; }
never_called() { if grep -qE -- "$1" "$WORLD/calls"; then complain "it called: $1"; fi; }

