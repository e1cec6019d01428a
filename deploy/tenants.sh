# shellcheck shell=bash
# The namespaces: one for each team, and ours alone.

TENANTS=(payments invoice operations)
OURS=app.kubernetes.io/part-of=invoice-platform

# none, ours or foreign.
owner_of_namespace() {
  local owner
  owner=$(ask get namespace "$1" --ignore-not-found --output 'jsonpath={.metadata.name}/{.metadata.labels.app\.kubernetes\.io/part-of}') || exit
  case $owner in
    '') echo none ;;
    "$1/${OURS#*=}") echo ours ;;
    *) echo foreign ;;
  esac
}

refuse_foreign_namespaces() {
  local namespace owner
  for namespace in "${TENANTS[@]}"; do
    owner=$(owner_of_namespace "$namespace")
    [ "$owner" != foreign ] || fail \
      "namespace $namespace of $CONTEXT belongs to something else: it lacks the label $OURS." \
      "If it is yours to give: kubectl --context $CONTEXT label namespace $namespace $OURS"
  done
}
