# shellcheck shell=bash
# What can be learnt from the registry without an engine.

require_registry() {
  [ -n "${REGISTRY:-}" ] && return
  fail "REGISTRY is not set, and the cluster behind context $CONTEXT takes images from a registry only." \
    "Type the address of one that you can push to and the cluster can pull from, for example:" \
    "REGISTRY=localhost:5000 ./deploy.sh"
}

# Plain HTTP is for a registry on this machine alone; anywhere else it must speak TLS.
registry_is_plain() {
  case ${REGISTRY%%/*} in
    localhost | localhost:* | 127.* | '[::1]' | '[::1]:'*) return 0 ;;
    *) return 1 ;;
  esac
}

# registry_digest REPOSITORY TAG: prints the digest, or nothing when the registry does not say.
registry_digest() {
  local scheme=https host=${REGISTRY%%/*} path=''
  registry_is_plain && scheme=http
  [ "$host" = "$REGISTRY" ] || path=${REGISTRY#*/}/
  curl --silent --fail --head --max-time 15 \
    --header 'Accept: application/vnd.oci.image.index.v1+json' \
    --header 'Accept: application/vnd.oci.image.manifest.v1+json' \
    --header 'Accept: application/vnd.docker.distribution.manifest.list.v2+json' \
    --header 'Accept: application/vnd.docker.distribution.manifest.v2+json' \
    "$scheme://$host/v2/$path$1/manifests/$2" |
    tr -d '\r' | grep -i '^docker-content-digest:' | grep -oE 'sha256:[0-9a-f]{64}' || true
}
