# shellcheck shell=bash
# What admission has to know of this cluster: the registry that its images come from, and the namespaces
# that are neither ours nor the platform's.

# Whatever runs in this cluster already goes on as it is: its namespaces are excepted, by name. Those of
# acceptance are not, for it tries there what strangers would.
namespaces_of_others() {
  kube get pods --all-namespaces --selector '!invoice-platform.example/acceptance' --output 'jsonpath={.items[*].metadata.namespace}' |
    tr ' ' '\n' | sort -u | grep -vxF -e '' "${TENANTS[@]/#/-e}" || true
}

excepted_already() {
  grep -qxF -e "        - $1" "$RENDERED/kustomize/cluster/admission/shared/other-namespaces.yaml"
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
  local namespace exceptions=''
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
  for namespace in $(namespaces_of_others); do
    excepted_already "$namespace" || exceptions+="
    - op: add
      path: /spec/matchResources/namespaceSelector/matchExpressions/0/values/-
      value: $namespace"
  done
  [ -n "$exceptions" ] || return 0
  cat <<YAML
- target:
    kind: ValidatingAdmissionPolicyBinding
    labelSelector: invoice-platform.example/bound-to=other-namespaces
  patch: |-$exceptions
YAML
}
