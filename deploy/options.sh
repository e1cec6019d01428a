# shellcheck shell=bash
# What ./deploy.sh is asked for, and what cannot be asked for at once. kubeconfig and promote read their own.

# Each line: an option; others; why they do not go together; what to type instead. Two that stand on no line
# together both have an effect.
APART=(
  '--local|--context|they name two places|Type one of them.'
  '--down|--create-cluster rotate-password|each does something else|Type one after the other.'
  '--create-cluster|rotate-password|each does something else|Type one after the other.'
  '--create-cluster|--local --context --with-argocd --configure-argocd --without-argocd|it makes a cluster and its context, and deploys nothing|Make the cluster first, then type ./deploy.sh with the other option.'
  '--down|--with-argocd --configure-argocd --without-argocd|it removes what deploy.sh made by either way, and in Argo CD too|Leave the other option out.'
  'rotate-password|--with-argocd --configure-argocd --without-argocd|the password goes the way by which the app was deployed|Leave the other option out.'
  'rotate-password|--local|processes on this machine have no passwords|Name the cluster with --context, or none for the one that was deployed to.'
  '--local|--with-argocd --configure-argocd --without-argocd|this machine is no cluster, and Argo CD deploys to clusters|Leave one of them out.'
  '--without-argocd|--with-argocd --configure-argocd|it applies the manifests past Argo CD|Type one of them.'
)
OF_ARGOCD=(--with-argocd --configure-argocd --without-argocd)
GIVEN=()

read_options() {
  while [ $# -gt 0 ]; do
    GIVEN+=("${1%%=*}")
    case $1 in
      --context) [ -n "${2:-}" ] || fail "--context needs a name." "See the ones there are: kubectl config get-contexts"
        WANTED_CONTEXT=$2 && shift ;;
      --context=?*) WANTED_CONTEXT=${1#*=} ;;
      --local) FORCE_LOCAL=yes ;;
      --down) DOWN=yes ;;
      --create-cluster) [ -n "${2:-}" ] || fail "--create-cluster needs kind or k3d." "Type one of them: ./deploy.sh --create-cluster kind"
        CREATE=$2 && shift ;;
      rotate-password) [ -n "${2:-}" ] || fail "rotate-password needs an app." "Type: ./deploy.sh rotate-password invoice-app"
        ROTATE=$2 && shift ;;
      --with-argocd) WITH_ARGOCD=yes ;;
      --configure-argocd) CONFIGURE_ARGOCD=yes ;;
      --without-argocd) WITHOUT_ARGOCD=yes ;;
      kubeconfig | promote) fail "$1 is a command of its own and has options of its own." "Type it first: ./deploy.sh $1 ..." ;;
      -h | --help) usage && exit 0 ;;
      *) fail "there is no option $1." "See the ones there are: ./deploy.sh --help" ;;
    esac
    shift
  done
  refuse_what_does_not_go_together
}

is_given() { [[ " ${GIVEN[*]-} " == *" $1 "* ]]; }

refuse_what_does_not_go_together() {
  local line one others other why instead
  for line in "${APART[@]}"; do
    IFS='|' read -r one others why instead <<<"$line"
    is_given "$one" || continue
    for other in $others; do
      ! is_given "$other" || fail "$one and $other do not go together: $why." "$instead"
    done
  done
}

# Where it goes is known only now.
refuse_argocd_on_this_machine() {
  local option
  [ "$TARGET" = processes ] || return 0
  for option in "${OF_ARGOCD[@]}"; do
    ! is_given "$option" || fail "$option is about Argo CD in a cluster, and this would deploy to this machine, as said above." \
      "Name the cluster: ./deploy.sh --context NAME $option; or leave $option out."
  done
}

# Both would leave an Argo CD behind that has nothing to deploy.
refuse_argocd_without_repository() {
  local option
  for option in --with-argocd --configure-argocd; do
    is_given "$option" || continue
    find_repository || fail "$option is of no use: Argo CD deploys what a git repository has, and $NO_REPOSITORY." \
      "Name one: GIT_SERVER=... ./deploy.sh $option; or leave $option out."
  done
}

refuse_settings_without_argocd() {
  [ "$CONFIGURE_ARGOCD" = no ] || fail "--configure-argocd changes settings of Argo CD, and $CONTEXT has none." \
    "Have it installed: ./deploy.sh --with-argocd; or leave --configure-argocd out."
}
