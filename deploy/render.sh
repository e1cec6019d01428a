# shellcheck shell=bash
# The state to deploy: a copy of the manifests with clusters/local on top, which holds what was found
# in this cluster. It is applied as it is, or put on the branch that Argo CD reads.

ENVIRONMENT=local
RENDERED=$STATE/render
CLUSTER_FOLDER=clusters/$ENVIRONMENT

# write_kustomization NAME: its text comes from standard input.
write_kustomization() {
  mkdir -p "$RENDERED/$CLUSTER_FOLDER/$1"
  cat >"$RENDERED/$CLUSTER_FOLDER/$1/kustomization.yaml"
}

render_state() {
  local app
  rm -rf "$RENDERED"
  mkdir -p "$RENDERED"
  cp -R "$ROOT/kustomize" "$ROOT/argocd" "$RENDERED/"
  render_cluster
  render_tenants
  for app in "${APPS[@]}"; do render_images "$app"; done
  if [ "$BY_ARGOCD" = yes ]; then render_argocd; fi
}

# After the secrets, since the ones that were sealed are part of it.
render_apps() {
  local app
  for app in "${APPS[@]}"; do render_app "$app"; done
}

# What no namespace holds; what only Argo CD needs is left out where there is none.
render_cluster() {
  {
    cat <<YAML
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- ../../../kustomize/cluster
YAML
    [ "$BY_ARGOCD" = no ] || echo '- ../../../kustomize/cluster/argocd-access'
    render_admission_patches
  } | write_kustomization cluster
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

# The component that promotion writes in too: on the branch nothing else names an image.
render_images() {
  local app=$1
  {
    cat <<YAML
# Written by deploy.sh and by promotion, with the registry of this cluster.
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
images:
YAML
    render_image "$app" "$(image_of "$app")"
    render_image postgres "$POSTGRES_IMAGE"
    render_image probe "$PROBE_IMAGE"
  } >"$RENDERED/kustomize/apps/$app/overlays/$ENVIRONMENT/image/kustomization.yaml"
}

render_app() {
  local app=$1 patches
  patches=$(render_patches "$app")
  {
    cat <<YAML
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- ../../../kustomize/apps/$app/overlays/$ENVIRONMENT
YAML
    sealed_files "$app" | sed 's/^/- /'
    cat <<YAML
components:
- ../../../kustomize/components/platform-namespaces
YAML
    [ -n "$COLLECTOR_URL" ] || echo '- ../../../kustomize/components/without-collector'
    cat <<YAML
configMapGenerator:
- name: platform-namespaces
  behavior: merge
  literals:
  - ingress-controller=$INGRESS_NAMESPACE
${PROMETHEUS_NAMESPACE:+  - monitoring=$PROMETHEUS_NAMESPACE
}${COLLECTOR_URL:+  - collector=$COLLECTOR_URL
}  options:
    disableNameSuffixHash: true
    annotations:
      config.kubernetes.io/local-config: "true"
YAML
    [ -z "$patches" ] || printf 'patches:\n%s\n' "$patches"
  } | write_kustomization "$app"
}

render_patches() {
  if [ "$1" = invoice-app ]; then render_ingress_class; fi
  if [ -n "$COLLECTOR_PODS" ]; then render_collector_pods; fi
  if [ -n "$(sealed_files "$1")" ]; then render_sealed_patches "$1"; fi
}

# The class is named because the only one of a cluster need not be its default.
render_ingress_class() {
  cat <<YAML
- target:
    kind: Ingress
  patch: |-
    - op: add
      path: /spec/ingressClassName
      value: $INGRESS_CLASS
YAML
}

# Whatever labels its Service finds them by.
render_collector_pods() {
  cat <<YAML
- target:
    kind: NetworkPolicy
    labelSelector: invoice-platform.example/lets-out=otlp
  patch: |-
    - op: replace
      path: /spec/egress/0/to/0/podSelector/matchLabels
      value: $COLLECTOR_PODS
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

# Sealed ones come before the pods that read them, and pods are replaced when the database's changed;
# certificates are read again without that.
render_sealed_patches() {
  cat <<YAML
- target:
    kind: SealedSecret
  patch: |-
    - op: add
      path: /metadata/annotations
      value:
        argocd.argoproj.io/sync-wave: "-20"
- target:
    kind: Deployment
  patch: |-
    - op: add
      path: /spec/template/metadata/annotations/invoice-platform.example~1database-secret
      value: "$(database_mark "$1")"
YAML
}

# What pods are replaced for when it changes. A secret that the branch has as it is keeps the mark that it has there:
# the pods know it already, also where a rotation put it there and replaced them itself.
database_mark() {
  local sealed mark=''
  sealed=$(sealed_file "$1" "$1-database")
  if branch_file "$sealed" | cmp -s - "$RENDERED/$sealed"; then
    mark=$(branch_file "$CLUSTER_FOLDER/$1/kustomization.yaml" |
      sed -n '/~1database-secret$/{n;s/^ *value: "\{0,1\}\([0-9a-f]\{16\}\)"\{0,1\}$/\1/p;}')
  fi
  printf '%s' "${mark:-$(content_hash "$RENDERED/$sealed")}"
}

content_hash() { openssl dgst -sha256 -r "$1" | cut -c 1-16; }

render_argocd() {
  write_kustomization argocd <<YAML
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- ../../../argocd
components:
- ../../../argocd/place
configMapGenerator:
- name: place
  behavior: merge
  literals:
  - repository=$REPOSITORY_IN_CLUSTER
  - branch=$BRANCH
  - environment=$ENVIRONMENT
  options:
    disableNameSuffixHash: true
    annotations:
      config.kubernetes.io/local-config: "true"
YAML
}
