# shellcheck shell=bash
# A kubeconfig for a team: by a certificate that soon ends, whose key nobody else sees.

on_a_cluster_that_signs() {
  has kubectl
  current_context testbed
  given namespace-invoice invoice/invoice-platform
  given certificate-days "${1:-0}"
  openssl ecparam -genkey -name prime256v1 -out "$WORLD/signer" 2>/dev/null
}

groups_of_the_request() {
  sed -n 's/.*request: //p' "$WORLD/created" | openssl base64 -d -A | openssl req -noout -subject -nameopt sep_comma_plus
}

test_a_team_gets_a_certificate_of_its_group_that_ends_within_the_hour() {
  on_a_cluster_that_signs
  deploy kubeconfig invoice
  succeeded
  grep -qF 'signerName: kubernetes.io/kube-apiserver-client' "$WORLD/created" || complain 'another signer was asked'
  grep -qxF '  expirationSeconds: 3600' "$WORLD/created" || complain 'it does not end within the hour'
  groups_of_the_request | grep -qE 'O ?= ?team-invoice' || complain 'it is not of the group'
  if groups_of_the_request | grep -q break-glass; then complain 'it breaks glass unasked'; fi
  called 'kubectl --context testbed certificate approve invoice-platform-invoice-[0-9a-f]{8}'
}

test_break_glass_is_a_group_more_and_ends_sooner() {
  on_a_cluster_that_signs
  deploy kubeconfig invoice --break-glass
  succeeded
  grep -qxF '  expirationSeconds: 900' "$WORLD/created" || complain 'it does not end sooner'
  groups_of_the_request | grep -qE 'O ?= ?break-glass-invoice' || complain 'it does not break glass'
}

test_the_key_is_in_a_file_of_its_user_alone_and_nowhere_else() {
  on_a_cluster_that_signs
  deploy kubeconfig invoice
  succeeded
  local folder=$WORLD/clone/.deploy/kubeconfig key
  [ -z "$(find "$folder" -type f ! -perm 600)" ] || complain 'others may read it'
  [ "$(find "$folder" -type f)" = "$folder/invoice" ] || complain "more was left: $(find "$folder")"
  [ "$(tail -n 1 "$WORLD/said")" = "$folder/invoice" ] || complain 'its path is not the last word'
  key=$(sed -n 's/.*client-key-data: //p' "$folder/invoice")
  [ "${#key}" -gt 100 ] || complain 'there is no key'
  never_called "$key"
  if grep -qF "$key" "$WORLD/said"; then complain 'the key was printed'; fi
}

test_the_request_is_removed_whatever_becomes_of_it() {
  on_a_cluster_that_signs 30
  deploy kubeconfig invoice
  refused
  called 'kubectl --context testbed delete certificatesigningrequest invoice-platform-invoice-[0-9a-f]{8} --ignore-not-found'
}

test_a_certificate_that_lasts_longer_than_asked_for_is_thrown_away() {
  on_a_cluster_that_signs 30
  deploy kubeconfig invoice
  refused
  said 'would outlast the 3600 s'
  [ -z "$(find "$WORLD/clone/.deploy/kubeconfig" -type f)" ] || complain 'it was kept'
}

test_a_name_that_is_no_team_is_refused_before_anything_is_asked() {
  on_a_cluster_that_signs
  deploy kubeconfig platform
  refused
  said 'there is no team platform'
  never_called 'create --filename'
}

test_a_team_whose_namespace_is_not_ours_gets_nothing() {
  on_a_cluster_that_signs
  given namespace-invoice invoice/other-product
  deploy kubeconfig invoice
  refused
  said 'Deploy first: ./deploy.sh'
  never_called 'create --filename'
}

test_a_folder_of_ones_own_leaves_the_other_file_alone() {
  on_a_cluster_that_signs
  mkdir -p "$WORLD/clone/.deploy/kubeconfig"
  echo mine >"$WORLD/clone/.deploy/kubeconfig/invoice"
  deploy kubeconfig invoice --folder "$WORLD/own"
  succeeded
  [ "$(tail -n 1 "$WORLD/said")" = "$WORLD/own/invoice" ] || complain 'its path is not the last word'
  grep -q 'client-key-data: ' "$WORLD/own/invoice" || complain 'there is no key'
  [ -z "$(find "$WORLD/own" -type f ! -perm 600)" ] || complain 'others may read it'
  [ "$(cat "$WORLD/clone/.deploy/kubeconfig/invoice")" = mine ] || complain 'the other one is not as it was'
  deploy kubeconfig invoice --folder
  refused
  said '--folder needs a folder'
}

test_two_teams_at_once_are_refused() {
  on_a_cluster_that_signs
  deploy kubeconfig invoice payments
  refused
  said 'kubeconfig is for one team'
  never_called 'create --filename'
}
