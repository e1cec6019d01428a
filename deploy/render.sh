# shellcheck shell=bash
# The kustomizations that put what was found in this cluster on top of the overlay `local`.

# write_kustomization NAME: its text comes from standard input.
write_kustomization() {
  mkdir -p "$STATE/render/$1"
  cat >"$STATE/render/$1/kustomization.yaml"
}

render_tenants() {
  {
    cat <<'YAML'
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
YAML
    printf -- '- ../../../kustomize/tenants/%s\n' "${TENANTS[@]}"
  } | write_kustomization tenants
}

render_app() {
  local app=$1
  {
    cat <<YAML
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- ../../../kustomize/apps/$app/overlays/local
components:
- ../../../kustomize/components/platform-namespaces
configMapGenerator:
- name: platform-namespaces
  behavior: merge
  literals:
  - ingress-controller=$INGRESS_NAMESPACE
${PROMETHEUS_NAMESPACE:+  - monitoring=$PROMETHEUS_NAMESPACE
}  options:
    disableNameSuffixHash: true
    annotations:
      config.kubernetes.io/local-config: "true"
images:
YAML
    render_image "$app" "$(image_of "$app")"
    render_image postgres "$POSTGRES_IMAGE"
    if [ "$app" = invoice-app ]; then render_ingress_class; fi
  } | write_kustomization "$app"
}

# The class is named because the only one of a cluster need not be its default.
render_ingress_class() {
  cat <<YAML
patches:
- target:
    kind: Ingress
  patch: |-
    - op: add
      path: /spec/ingressClassName
      value: $INGRESS_CLASS
YAML
}

image_of() { [ "$1" = invoice-app ] && echo "$INVOICE_APP_IMAGE" || echo "$PAYMENT_PROVIDER_IMAGE"; }

# render_image NAME REPOSITORY@DIGEST
render_image() {
  cat <<YAML
- name: $1
  newName: ${2%@*}
  digest: ${2#*@}
YAML
}
