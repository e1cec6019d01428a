# shellcheck shell=bash
# Where a new password goes, and what is left alone when it does not get there.

# A program that says whose turn it is, prints a Secret, and notes what it was asked for.
has_rotator() {
  local folder=$WORLD/clone/target/x86_64-unknown-linux-gnu/release
  mkdir -p "$folder"
  cat >"$folder/rotate-password" <<'SH'
#!/usr/bin/env bash
printf 'rotate-password %s\n' "$*" >>"$WORLD/calls"
[ ! -e "$WORLD/rotator-fails-to-${*: -2:1}" ] || exit 1
case $* in
  *' next') echo invoice_app_a ;;
  *' begin '*) echo 'password: hunter2' ;;
esac
SH
  chmod +x "$folder/rotate-password"
}

a_cluster_with_a_secret() {
  has cargo rustc kubectl
  current_context kind-demo
  given secret-exists yes
  has_rotator
}

rotator_called() { called "rotate-password --context kind-demo --namespace invoice --app invoice-app $1"; }

test_a_new_password_replaces_the_secret_before_the_login_before_is_ended() {
  a_cluster_with_a_secret
  deploy rotate-password invoice-app --context kind-demo
  succeeded
  grep -qx 'password: hunter2' "$WORLD/replaced" || complain "the Secret was not replaced"
  rotator_called next
  rotator_called 'begin invoice_app_a'
  rotator_called 'finish invoice_app_a'
  [ "$(grep -n 'replace --filename' "$WORLD/calls" | cut -d: -f1)" -lt "$(grep -n ' finish ' "$WORLD/calls" | cut -d: -f1)" ] ||
    complain "the login before was ended first"
}

test_a_new_password_is_on_no_command_line_and_not_said() {
  a_cluster_with_a_secret
  deploy rotate-password invoice-app --context kind-demo
  succeeded
  never_called hunter2
  ! grep -q hunter2 "$WORLD/said" || complain "the password was said"
}

test_a_secret_that_is_not_printed_leaves_the_login_before_as_it_is() {
  a_cluster_with_a_secret
  given rotator-fails-to-begin yes
  deploy rotate-password invoice-app --context kind-demo
  refused
  said 'The password before still works'
  never_called ' finish '
}

test_a_rotation_goes_to_the_cluster_that_was_deployed_to() {
  a_cluster_with_a_secret
  mkdir -p "$WORLD/clone/.deploy"
  printf 'kind-demo\nhttps://127.0.0.1:6443\n' >"$WORLD/clone/.deploy/cluster"
  deploy rotate-password invoice-app
  succeeded
  rotator_called next
}

test_a_rotation_without_a_cluster_is_refused() {
  a_cluster_with_a_secret
  deploy rotate-password invoice-app
  refused
  said '--context NAME'
  never_called rotate-password
}

test_an_app_that_does_not_exist_has_no_password() {
  a_cluster_with_a_secret
  deploy rotate-password warehouse --context kind-demo
  refused
  said 'payment-provider invoice-app'
  never_called rotate-password
}

# A branch as deploy.sh leaves it, and a kubeseal that hides what it seals.
through_argocd() {
  given argocd yes
  given root-application yes
  given sealing-key a-key
  given pods-namespace argocd
  cat >"$WORLD/bin/kubeseal" <<'SH'
#!/usr/bin/env bash
printf 'kubeseal %s\n' "$*" >>"$WORLD/calls"
case $* in
  *--fetch-cert*) echo certificate ;;
  *) read -r secret && echo "sealed: ${#secret}" ;;
esac
SH
  chmod +x "$WORLD/bin/kubeseal"
  git init --quiet --initial-branch main "$WORLD/clone"
  git -C "$WORLD/clone" -c user.name=a -c user.email=a@example.com commit --quiet --allow-empty --message first
  git init --quiet --bare --initial-branch deploy "$WORLD/git/invoice-platform.git"
  git clone --quiet "$WORLD/git/invoice-platform.git" "$WORLD/other" 2>/dev/null
  mkdir -p "$WORLD/other/clusters/local/invoice-app"
  echo 'sealed: 1' >"$WORLD/other/clusters/local/invoice-app/sealed-invoice-app-database.yaml"
  echo kept >"$WORLD/other/clusters/local/invoice-app/kustomization.yaml"
  git -C "$WORLD/other" add .
  git -C "$WORLD/other" -c user.name=a -c user.email=a@example.com commit --quiet --message deployed
  git -C "$WORLD/other" push --quiet origin HEAD:deploy
}

on_deployment_branch() { git --git-dir="$WORLD/git/invoice-platform.git" "$@"; }

test_where_git_has_sealed_secrets_one_file_of_the_branch_changes() {
  a_cluster_with_a_secret
  through_argocd
  GIT_SERVER=$WORLD/git deploy rotate-password invoice-app --context kind-demo
  succeeded
  [ "$(on_deployment_branch diff --name-only deploy~1 deploy)" = clusters/local/invoice-app/sealed-invoice-app-database.yaml ] ||
    complain "changed: $(on_deployment_branch diff --stat deploy~1 deploy)"
  [ "$(on_deployment_branch show deploy:clusters/local/invoice-app/sealed-invoice-app-database.yaml)" = 'sealed: 17' ] ||
    complain "the branch has something else"
  never_called 'replace --filename'
  rotator_called 'finish invoice_app_a'
}

test_a_password_on_its_way_from_git_arrives_before_another_is_made() {
  a_cluster_with_a_secret
  through_argocd
  printf 'spec:\n  encryptedData:\n    DATABASE_URL: AgNew\n' >"$WORLD/other/clusters/local/invoice-app/sealed-invoice-app-database.yaml"
  git -C "$WORLD/other" -c user.name=a -c user.email=a@example.com commit --quiet --all --message 'a rotation that was cut off'
  git -C "$WORLD/other" push --quiet origin HEAD:deploy
  given sealed-password AgOld
  given arrives AgNew
  GIT_SERVER=$WORLD/git deploy rotate-password invoice-app --context kind-demo
  succeeded
  [ "$(cat "$WORLD/sealed-password")" = AgNew ] || complain "it was not waited for"
  [ "$(grep -n 'annotate applications' "$WORLD/calls" | head -n 1 | cut -d: -f1)" -lt "$(grep -n ' next' "$WORLD/calls" | head -n 1 | cut -d: -f1)" ] ||
    complain "the rotation began before"
}
