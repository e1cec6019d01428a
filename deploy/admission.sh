# shellcheck shell=bash
# What admission has to know of this cluster: the registry that its images come from, and the namespaces
# that are neither ours nor the platform's.

# Sets OTHERS, the namespaces that admission leaves alone besides the platform's. What ran here before the
# rules came goes on as it is, so the first deployment takes down who that was. Later ones keep those that
# are still there and add none: a pod that keeps the rules would be the way out of them. Whoever deploys may
# name them all instead.
find_others() {
  local bound
  if [ -n "${EXCEPTED_NAMESPACES+named}" ]; then
    OTHERS=$EXCEPTED_NAMESPACES
    refuse_exceptions_that_are_none
  else
    bound=$(excepted_in_the_cluster)
    if [ -n "$bound" ]; then OTHERS=$(still_there "$bound"); else OTHERS=$(with_pods); fi
  fi
  OTHERS=$(neither_ours_nor_excepted_by_name "$OTHERS")
  detail "${OTHERS:-nobody}"
}

excepted_in_the_cluster() {
  ask get validatingadmissionpolicybinding invoice-platform-images --ignore-not-found \
    --output 'jsonpath={.spec.matchResources.namespaceSelector.matchExpressions[0].values[*]}'
}

# still_there NAMES: a name that is free again may be somebody else's tomorrow.
still_there() {
  local known
  known=$(ask get namespaces --output 'jsonpath={.items[*].metadata.name}') || exit
  tr ' ' '\n' <<<"$1" | grep -xF -f <(tr ' ' '\n' <<<"$known") || true
}

# Not those of acceptance, for it tries there what strangers would.
with_pods() {
  ask get pods --all-namespaces --selector '!invoice-platform.example/acceptance' --output 'jsonpath={.items[*].metadata.namespace}'
}

refuse_exceptions_that_are_none() {
  local name
  for name in $EXCEPTED_NAMESPACES; do
    [[ $name =~ ^[a-z0-9]([-a-z0-9]*[a-z0-9])?$ ]] || fail "EXCEPTED_NAMESPACES has $name, which is no name of a namespace." \
      "Separate names by spaces: EXCEPTED_NAMESPACES='ingress shop' ./deploy.sh"
    if printf '%s\n' "${TENANTS[@]}" | grep -qxF -- "$name"; then
      fail "EXCEPTED_NAMESPACES has $name, which is a team's: there the rules hold." "Leave it out."
    fi
  done
}

neither_ours_nor_excepted_by_name() {
  local name others=''
  for name in $(tr ' ' '\n' <<<"$1" | sort -u); do
    if printf '%s\n' "${TENANTS[@]}" | grep -qxF -- "$name"; then continue; fi
    if grep -qxF -e "        - $name" "$ROOT/kustomize/cluster/admission/shared/other-namespaces.yaml"; then continue; fi
    others+="${others:+ }$name"
  done
  echo "$others"
}

# A registry allows all of its images; without one, images are loaded under names of their own.
allowed_images() {
  if [ "$DELIVERY" = registry ]; then
    echo "['$REGISTRY/']"
  else
    echo "['${INVOICE_APP_IMAGE%/*}/', '${POSTGRES_IMAGE%@*}@']"
  fi
}

render_admission_patches() {
  local namespace
  cat <<YAML
patches:
- target:
    kind: ValidatingAdmissionPolicy
    name: invoice-platform-images
  patch: |-
    - op: test
      path: /spec/variables/2/name
      value: registries
    - op: replace
      path: /spec/variables/2/expression
      value: "$(allowed_images)"
YAML
  [ -n "$OTHERS" ] || return 0
  cat <<YAML
- target:
    kind: ValidatingAdmissionPolicyBinding
    labelSelector: invoice-platform.example/bound-to=other-namespaces
  patch: |-
YAML
  for namespace in $OTHERS; do
    cat <<YAML
    - op: add
      path: /spec/matchResources/namespaceSelector/matchExpressions/0/values/-
      value: $namespace
YAML
  done
}
