# shellcheck shell=bash
# One voice for docker, podman and buildah: whichever answers.

# A client without an engine is common, so each is asked something only a working one can answer.
engine_answers() {
  case $1 in
    docker) docker version --format '{{.Server.Version}}' ;;
    podman) podman info --format '{{.Version.Version}}' ;;
    buildah) buildah info ;;
  esac >/dev/null 2>&1 </dev/null
}

find_engine() {
  local candidate
  for candidate in docker podman buildah; do
    if have "$candidate" && engine_answers "$candidate"; then
      ENGINE=$candidate
      detail "$ENGINE"
      return
    fi
    have "$candidate" && progress "$candidate is installed but does not answer"
  done
  fail "no container engine answers, and the images have to be built by one." "$(way_to_get engine)"
}

# engine_build IMAGE CONTEXT ARGUMENT...: the same input gives the same digest, whenever it is built.
engine_build() {
  local image=$1 context=$2
  shift 2
  local arguments=(--file "$ROOT/Dockerfile" --tag "$image") argument
  for argument in "$@"; do arguments+=(--build-arg "$argument"); done
  case $ENGINE in
    docker) # attestations would carry the time of the build
      SOURCE_DATE_EPOCH=0 BUILDX_NO_DEFAULT_ATTESTATIONS=1 DOCKER_BUILDKIT=1 quietly docker build \
        --build-arg SOURCE_DATE_EPOCH=0 "${arguments[@]}" "$context" ;;
    podman) quietly podman build --timestamp 0 --identity-label=false "${arguments[@]}" "$context" ;;
    buildah) quietly buildah build "${BUILDAH_ISOLATION_FLAG[@]}" --timestamp 0 --identity-label=false "${arguments[@]}" "$context" ;;
  esac
}

# Root on a machine without an engine is often in a container itself, where only chroot works.
BUILDAH_ISOLATION_FLAG=(--isolation chroot)
[ "$(id -u)" = 0 ] || BUILDAH_ISOLATION_FLAG=(--isolation rootless)

engine_pull() {
  local arguments=(pull)
  # One platform alone: an archive that names others whose content is absent cannot be loaded.
  [ "$ENGINE" != docker ] || arguments+=(--platform "linux/$(image_architecture)")
  quietly "$ENGINE" "${arguments[@]}" "$1"
}

image_architecture() {
  case $(uname -m) in
    x86_64 | amd64) echo amd64 ;;
    aarch64 | arm64) echo arm64 ;;
    *) uname -m ;;
  esac
}

engine_user_of() {
  case $ENGINE in
    buildah) buildah inspect --type image --format '{{.OCIv1.Config.User}}' "$1" ;;
    *) "$ENGINE" image inspect --format '{{.Config.User}}' "$1" ;;
  esac
}

# Bytes of all layers, uncompressed.
engine_size_of() {
  case $ENGINE in
    buildah)
      buildah inspect --type image --format '{{.Manifest}}' "$1" |
        grep -oE '"size":[0-9]+' | tail -n +2 | cut -d: -f2 | sum ;;
    *) "$ENGINE" image inspect --format '{{.Size}}' "$1" ;;
  esac
}

sum() {
  local total=0 number
  while read -r number; do total=$((total + number)); done
  echo "$total"
}

# engine_archive IMAGE FILE: in the one format that docker, podman, buildah and every cluster tool share.
engine_archive() {
  rm -f "$2"
  case $ENGINE in
    docker)
      local platform=()
      if docker save --help 2>/dev/null | grep -q -- --platform; then platform=(--platform "linux/$(image_architecture)"); fi
      quietly docker save ${platform[@]+"${platform[@]}"} --output "$2" "$1" ;;
    podman) quietly podman save --format docker-archive --output "$2" "$1" ;;
    buildah) quietly buildah push --quiet "$1" "docker-archive:$2:$1" ;;
  esac
}

# engine_push IMAGE DESTINATION: prints the digest that the registry knows it by.
engine_push() {
  local image=$1 destination=$2 output tls=()
  case $ENGINE in
    docker)
      quietly docker tag "$image" "$destination"
      output=$(docker push "$destination" 2>&1 </dev/null) || push_failed "$destination" "$output"
      grep -oE 'digest: sha256:[0-9a-f]{64}' <<<"$output" | tail -n 1 | cut -d' ' -f2 ;;
    *)
      if registry_is_plain; then tls=(--tls-verify=false); fi
      local file=$STATE/images/digest
      mkdir -p "$STATE/images"
      output=$("$ENGINE" push --quiet ${tls[@]+"${tls[@]}"} --digestfile "$file" "$image" "docker://$destination" 2>&1 </dev/null) ||
        push_failed "$destination" "$output"
      cat "$file" ;;
  esac
}

push_failed() {
  printf '%s\n' "$2" | tail -n 5 >&2
  fail "$ENGINE could not push $1." "Is REGISTRY right, and are you logged in: $ENGINE login ${REGISTRY%%/*}"
}
