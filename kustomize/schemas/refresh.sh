#!/usr/bin/env bash
# Writes <group>_<version>.json beside this script: strict JSON Schemas of the kinds that kustomize/
# renders, taken from the OpenAPI document of the API server behind the current kube context.
# A kind that is rendered for the first time is added to the list below.
set -euo pipefail
cd "$(dirname "$0")"

for tool in kubectl jq; do
  command -v "$tool" >/dev/null || { echo "refresh.sh needs $tool: install it and try again" >&2; exit 1; }
done

version=$(kubectl version --output json 2>/dev/null | jq -r .serverVersion.gitVersion)

refresh() {
  local api_version=$1 file path kinds
  shift
  file=${api_version//\//_}.json
  path=apis/$api_version
  [[ $api_version == */* ]] || path=api/$api_version
  kinds=$(printf '%s\n' "$@" | jq --raw-input --slurp 'split("\n") | map(select(. != ""))')
  kubectl get --raw "/openapi/v3/$path" |
    jq --compact-output --sort-keys --from-file strict.jq \
      --arg apiVersion "$api_version" --arg kubernetes "$version" --argjson kinds "$kinds" >"$file.new"
  mv "$file.new" "$file"
  printf '%-28s %4s KB\n' "$file" "$(($(wc -c <"$file") / 1024))"
}

refresh v1 ConfigMap LimitRange Namespace ResourceQuota Service ServiceAccount
refresh admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding
refresh apps/v1 Deployment StatefulSet
refresh autoscaling/v2 HorizontalPodAutoscaler
refresh batch/v1 Job
refresh networking.k8s.io/v1 Ingress NetworkPolicy
refresh policy/v1 PodDisruptionBudget
refresh rbac.authorization.k8s.io/v1 ClusterRole ClusterRoleBinding Role RoleBinding
