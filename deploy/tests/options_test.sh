# shellcheck shell=bash
# Options that would have no effect are refused, each with its reason.

# given_as OPTION: as it is typed.
given_as() {
  case $1 in
    --context) echo '--context testbed' ;;
    --create-cluster) echo '--create-cluster kind' ;;
    rotate-password) echo 'rotate-password invoice-app' ;;
    *) echo "$1" ;;
  esac
}

# Two that both have an effect.
TOGETHER=('--context --down' '--context rotate-password' '--context --with-argocd' '--context --configure-argocd'
  '--context --without-argocd' '--local --down' '--with-argocd --configure-argocd')

test_every_two_options_go_together_or_are_refused_with_a_reason() {
  local options=(--context --local --down --create-cluster rotate-password --with-argocd --configure-argocd --without-argocd)
  local first second together=0 apart=0 number=0
  for first in "${options[@]}"; do
    number=$((number + 1))
    for second in "${options[@]:number}"; do
      # Nothing is there, so that the ones that go together fail at what they need.
      # shellcheck disable=SC2046 # an option and its value are two words
      deploy $(given_as "$second") $(given_as "$first")
      if printf '%s\n' "${TOGETHER[@]}" | grep -qxF -- "$first $second"; then
        together=$((together + 1))
        if grep -qF 'do not go together' "$WORLD/said"; then complain "$first $second is refused"; fi
      else
        apart=$((apart + 1))
        refused
        grep -qE -- "error: ($first and $second|$second and $first) do not go together: [a-z].*\.$" "$WORLD/said" ||
          complain "$first $second has no reason"
      fi
    done
  done
  [ "$together $apart" = "${#TOGETHER[@]} 21" ] || complain "$together go together and $apart do not"
  [ ! -s "$WORLD/calls" ] || complain 'something was called'
}

test_options_about_argocd_are_refused_where_no_cluster_is() {
  local option
  for option in --with-argocd --configure-argocd --without-argocd; do
    has cargo rustc curl kubectl
    deploy "$option"
    refused
    said "$option is about Argo CD in a cluster"
    said "./deploy.sh --context NAME $option"
    never_called '^cargo'
  done
  deploy
  called 'cargo build .*'
}

test_a_command_after_an_option_is_told_where_it_belongs() {
  deploy --local kubeconfig invoice
  refused
  said 'Type it first: ./deploy.sh kubeconfig'
}
