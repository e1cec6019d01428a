# shellcheck shell=bash
# Applies manifests and says of each object whether that changed anything.

MANAGER=deploy.sh

# "kind namespace/name time", where the time is that of the last change made by this script.
managed_objects() {
  kube get --kustomize "$1" --ignore-not-found --show-managed-fields --output \
    "jsonpath={range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name} {.metadata.managedFields[?(@.manager==\"$MANAGER\")].time}{\"\\n\"}{end}" 2>/dev/null || true
}

# Objects whose desired state is this repository's, so another's change of the same field is undone.
# apply_folder FOLDER OPTION...
apply_folder() {
  local folder=$1 before after line object created=0 configured=0 unchanged=0
  before=$(managed_objects "$folder")
  apply_quietly "$@"
  after=$(managed_objects "$folder")
  while read -r line; do
    [ -n "$line" ] || continue
    object=${line% *}
    if grep -qxF -- "$line" <<<"$before"; then
      unchanged=$((unchanged + 1))
    elif grep -qF -- "$object " <<<"$before"; then
      configured=$((configured + 1))
      progress "$object configured"
    else
      created=$((created + 1))
    fi
  done <<<"$after"
  detail "$created created, $configured configured, $unchanged unchanged"
}

# apply_quietly FOLDER OPTION...
apply_quietly() {
  local folder=$1
  shift
  quietly command kubectl --context "$CONTEXT" apply --server-side --force-conflicts --field-manager "$MANAGER" --kustomize "$folder" "$@"
}
