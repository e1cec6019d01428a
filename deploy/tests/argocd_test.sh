# shellcheck shell=bash
# What deploy.sh does where Argo CD takes the state from git, and what it never does.

of_repository() { git --git-dir="$WORLD/git/invoice-platform.git" "$@"; }

# A clone with one commit, a cluster with Argo CD, and a repository that it can read.
with_argocd() {
  has_everything_for_a_cluster
  current_context testbed
  export REGISTRY=localhost:5000
  : >"$WORLD/argocd"
  of_repository init --quiet --bare "$WORLD/git/invoice-platform.git"
  export GIT_SERVER=file://$WORLD/git
  in_clone init --quiet
  printf '%s\n' /.deploy/ /target/ >"$WORLD/clone/.gitignore"
  for environment in local dev; do
    for app in invoice-app payment-provider; do
      echo "# the source's" >"$WORLD/clone/kustomize/apps/$app/overlays/$environment/image/kustomization.yaml"
    done
  done
  commit_clone 'first'
}

with_sealed_secrets() {
  has kubeseal
  given sealing-key the-first-key
}

in_clone() { git -C "$WORLD/clone" -c user.name=someone -c user.email=someone@invoice-platform.example "$@"; }

commit_clone() {
  in_clone add --all
  in_clone commit --quiet --message "$1"
}

# on_branch PATH: what the branch has there.
on_branch() { of_repository cat-file blob "deploy:$1" 2>/dev/null; }

# commit_on_branch PATH TEXT: as promotion does, from somewhere else.
commit_on_branch() {
  local other=$WORLD/other
  rm -rf "$other"
  git clone --quiet --branch deploy "$WORLD/git/invoice-platform.git" "$other"
  mkdir -p "$other/${1%/*}"
  echo "$2" >"$other/$1"
  git -C "$other" add --all
  git -C "$other" -c user.name=other -c user.email=other@invoice-platform.example commit --quiet --message other
  git -C "$other" push --quiet
}

commits() { of_repository rev-list --count deploy; }

test_the_state_is_committed_and_waited_for() {
  with_argocd
  deploy
  succeeded
  said 'Commit the state to branch deploy'
  said '5 Applications Synced and Healthy'
  on_branch clusters/local/invoice-app/kustomization.yaml | grep -qF 'ingress-controller=ingress' || complain 'not what was found in the cluster'
  on_branch kustomize/apps/invoice-app/overlays/local/image/kustomization.yaml | grep -qE 'digest: sha256:1{64}' || complain 'no digest'
  on_branch clusters/local/argocd/kustomization.yaml | grep -qF "repository=file://$WORLD/git/invoice-platform.git" || complain 'no repository'
  of_repository log -1 --format=%B deploy | grep -qx "Source-Commit: $(in_clone rev-parse HEAD)" || complain 'no source'
  of_repository log -1 --format=%B deploy | grep -qx 'Source-Tree: clean' || complain 'not clean'
  called 'kubectl --context testbed --namespace argocd annotate applications.argoproj.io .*refresh=normal.*'
  never_called 'apply .*clusters/local/invoice-app'
  grep -qF '"argocd": {"namespace": "argocd"' "$WORLD/clone/.deploy/target.json" || complain 'the acceptance tests are not told'
}

test_the_clone_stays_as_it_is() {
  with_argocd
  echo '# changed' >>"$WORLD/clone/deploy/say.sh"
  echo staged >"$WORLD/clone/new-file"
  in_clone add new-file
  local before after
  before=$(in_clone status --porcelain && in_clone rev-parse HEAD && in_clone for-each-ref && in_clone diff)
  deploy
  succeeded
  after=$(in_clone status --porcelain && in_clone rev-parse HEAD && in_clone for-each-ref && in_clone diff)
  [ "$before" = "$after" ] || complain "the clone was $before and is $after"
  # What is deployed is what the working tree has, and the commit says that no other commit is it.
  on_branch deploy/say.sh | grep -qx '# changed' || complain 'a change of a tracked file is missing'
  of_repository log -1 --format=%B deploy | grep -qx 'Source-Tree: changed' || complain 'it passes for clean'
}

test_the_same_state_is_no_second_commit() {
  with_argocd
  with_sealed_secrets
  deploy
  succeeded
  : >"$WORLD/secret-exists"
  deploy
  succeeded
  said 'which has this state already'
  [ "$(commits)" = 1 ] || complain "$(commits) commits"
}

test_a_new_state_comes_on_top_of_what_others_committed() {
  with_argocd
  deploy
  commit_on_branch clusters/dev/note 'of another environment'
  local others
  others=$(of_repository rev-parse deploy)
  echo '# changed' >>"$WORLD/clone/deploy/say.sh"
  deploy
  succeeded
  of_repository merge-base --is-ancestor "$others" deploy || complain 'the commit of another is gone'
  on_branch clusters/dev/note | grep -qx 'of another environment' || complain 'another environment lost its cluster'
}

test_a_promotion_on_the_branch_is_kept() {
  with_argocd
  deploy
  commit_on_branch kustomize/apps/invoice-app/overlays/dev/image/kustomization.yaml promoted
  commit_on_branch kustomize/apps/invoice-app/overlays/local/image/kustomization.yaml 'not what is built now'
  deploy
  succeeded
  on_branch kustomize/apps/invoice-app/overlays/dev/image/kustomization.yaml | grep -qx promoted || complain 'the promotion is gone'
  on_branch kustomize/apps/payment-provider/overlays/dev/image/kustomization.yaml | grep -qx "# the source's" || complain 'what nobody promoted is not the source'
  on_branch kustomize/apps/invoice-app/overlays/local/image/kustomization.yaml | grep -qE 'digest: sha256:1{64}' || complain 'the build is not deployed'
}

test_a_push_that_another_was_faster_than_is_done_again_on_top() {
  with_argocd
  deploy
  echo '# changed' >>"$WORLD/clone/deploy/say.sh"
  # Another's commit arrives in the moment of the push.
  cat >"$WORLD/git/invoice-platform.git/hooks/pre-receive" <<'HOOK'
#!/bin/sh
[ ! -e "$GIT_DIR/raced" ] || exit 0
touch "$GIT_DIR/raced"
unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
commit=$(echo other | GIT_AUTHOR_NAME=o GIT_AUTHOR_EMAIL=o@o GIT_COMMITTER_NAME=o GIT_COMMITTER_EMAIL=o@o git commit-tree 'deploy^{tree}' -p deploy)
echo "$commit" >refs/heads/deploy
exit 1
HOOK
  chmod +x "$WORLD/git/invoice-platform.git/hooks/pre-receive"
  deploy
  succeeded
  said 'push 1 was refused'
  [ "$(commits)" = 3 ] || complain "$(commits) commits"
  on_branch deploy/say.sh | grep -qx '# changed' || complain 'the state is not there'
}

test_a_branch_that_never_takes_a_push_ends_in_a_sentence() {
  with_argocd
  printf '#!/bin/sh\nexit 1\n' >"$WORLD/git/invoice-platform.git/hooks/pre-receive"
  chmod +x "$WORLD/git/invoice-platform.git/hooks/pre-receive"
  deploy
  refused
  said 'could not be pushed to'
  never_called 'apply .*argocd'
}

test_a_repository_that_is_not_there_is_named_with_the_ways_on() {
  with_argocd
  rm -rf "$WORLD/git"
  deploy
  refused
  said 'invoice-platform.git cannot be read'
  said '--without-argocd'
  never_called 'apply'
}

test_a_manifest_that_git_does_not_track_is_refused() {
  with_argocd
  echo 'kind: ConfigMap' >"$WORLD/clone/kustomize/new.yaml"
  deploy
  refused
  said 'kustomize/new.yaml'
  said 'git add kustomize argocd'
  in_clone add kustomize/new.yaml
  deploy
  succeeded
}

test_without_a_repository_it_deploys_from_here_and_says_so() {
  with_argocd
  unset GIT_SERVER
  deploy
  succeeded
  said 'GIT_SERVER is not set, and this clone has no remote that a cluster could read'
  called 'kubectl --context testbed apply .*/clusters/local/invoice-app .*'
  grep -qF '"argocd": null' "$WORLD/clone/.deploy/target.json" || complain 'the acceptance tests would look for Applications'
}

test_what_argocd_keeps_is_not_deployed_past_it() {
  with_argocd
  : >"$WORLD/root-application"
  deploy --without-argocd
  refused
  said './deploy.sh --down'
  unset GIT_SERVER
  deploy
  refused
  said 'Argo CD keeps this deployment'
  never_called 'apply'
}

test_settings_of_the_whole_argocd_are_changed_only_where_asked_for() {
  with_argocd
  deploy
  succeeded
  said 'impersonation is off'
  never_called 'deploy.sh-settings'
  deploy --configure-argocd
  succeeded
  called 'kubectl --context testbed apply .*--field-manager deploy.sh-settings .*'
}

# What an Argo CD answers that has all settings, asked by the template that deploy.sh asks with.
all_settings() {
  local template
  # shellcheck source=/dev/null
  template=$(. "$SOURCES/deploy/argocd.sh" && printf '%s' "$SETTINGS_TEMPLATE")
  KUBECONFIG=/dev/null kubectl annotate --local --filename "$SOURCES/argocd/settings/argocd-cm.yaml" a=b --output "go-template=$template"
  echo 'trigger.on-sync-failed="..."'
}

test_nothing_is_named_as_missing_where_all_is_set() {
  with_argocd
  given argocd-settings "$(all_settings)"
  given notification-keys chat-webhook-url
  deploy
  succeeded
  if grep -qE 'lacks settings|chat-webhook-url' "$WORLD/said"; then complain 'something is named'; fi
}

test_a_health_check_that_says_something_else_is_named_as_another_one() {
  with_argocd
  # Whoever keeps it may end it without a new line.
  given argocd-settings "$(all_settings | sed -e 's/Healthy\(.*\)unsealed/Progressing\1unsealed/' -e 's/\(.*_Ingress=.*\)\\n"$/\1"/')"
  deploy
  succeeded
  said 'bitnami.com_SealedSecret has another value than in argocd/settings'
  [ "$(grep -c 'has another value' "$WORLD/said")" = 1 ] || complain 'one alone is another'
}

test_notifications_that_have_nowhere_to_go_are_named() {
  with_argocd
  given argocd-settings "$(all_settings)"
  given notification-keys 'another-key'
  local option
  for option in '' --configure-argocd; do
    # shellcheck disable=SC2086 # no option is no argument
    deploy $option
    succeeded
    said 'argocd-notifications-secret has no chat-webhook-url'
  done
  # Somebody who may not read the secret cannot know, and is told nothing.
  given fails 'get secret argocd-notifications-secret'
  deploy
  succeeded
  if grep -q chat-webhook-url "$WORLD/said"; then complain 'it is named'; fi
}

test_every_setting_that_is_missing_is_named() {
  with_argocd
  local wanted named
  wanted=$(grep -cE '^  (application|resource)\.[^ ]+:' "$WORLD/clone/argocd/settings/argocd-cm.yaml")
  given argocd-settings 'application.sync.impersonation.enforced="false"'
  deploy
  succeeded
  # The lines below the sentence, up to the next step.
  named=$(sed -n '/lacks settings/,/^   /p' "$WORLD/said" | grep -c '^  [^ ]')
  # And that nobody is notified.
  [ "$named" = $((wanted + 1)) ] || complain "$named are named, of $wanted and the notifications"
  said 'impersonation is not enforced'
  said 'nobody is told of a sync that fails'
}

test_settings_that_somebody_else_keeps_are_left_alone() {
  with_argocd
  given settings-conflict 'Apply failed with 1 conflict: conflict with "helm": .data.resource.customizations.health.networking.k8s.io_Ingress'
  deploy --configure-argocd
  refused
  said 'conflict with "helm"'
  said 'nothing was changed'
  called 'kubectl --context testbed apply .*--field-manager deploy.sh-settings .*--dry-run=server'
  never_called 'deploy.sh-settings .*--force-conflicts'
  never_called 'apply .*argocd .*bootstrap'
  rm "$WORLD/settings-conflict"
  deploy --configure-argocd
  succeeded
  called 'kubectl --context testbed apply .*--field-manager deploy.sh-settings .*/settings/cluster'
}

test_down_takes_back_what_was_set_and_no_more() {
  with_argocd
  given argocd-settings 'helm deploy.sh-settings'
  deploy --down
  succeeded
  said 'configmap argocd/argocd-cm has its own settings alone again'
  called 'kubectl --context testbed --namespace argocd apply --server-side --field-manager deploy.sh-settings --filename -'
  : >"$WORLD/calls"
  given argocd-settings helm
  deploy --down
  succeeded
  never_called 'deploy.sh-settings'
}

test_argocd_is_installed_where_asked_for_and_is_configured_then() {
  with_argocd
  rm "$WORLD/argocd"
  deploy --with-argocd
  succeeded
  called 'kubectl --context testbed apply .*/argocd/install'
  called 'kubectl --context testbed apply .*--field-manager deploy.sh-settings .*'
  said 'Install Argo CD: v3'
}

test_settings_of_an_argocd_that_is_not_there_are_refused() {
  with_argocd
  rm "$WORLD/argocd"
  deploy --configure-argocd
  refused
  said '--configure-argocd changes settings of Argo CD, and testbed has none'
  never_called 'apply'
}

test_an_argocd_that_has_nothing_to_read_is_neither_installed_nor_configured() {
  with_argocd
  unset GIT_SERVER
  local option
  for option in --with-argocd --configure-argocd; do
    deploy "$option"
    refused
    said "$option is of no use"
    said "GIT_SERVER=... ./deploy.sh $option"
    never_called 'apply'
  done
}

test_the_last_lines_have_a_command_that_shows_the_branch() {
  with_argocd
  deploy
  succeeded
  local command
  command=$(sed -n 's/^  what is deployed   //p' "$WORLD/said")
  [ -n "$command" ] || complain 'there is none'
  # Typed as it is, from another folder.
  (cd / && bash -c "$command") >"$WORLD/shown" 2>&1 || complain "it cannot be typed: $(cat "$WORLD/shown")"
  grep -qF "$(of_repository rev-parse deploy)" "$WORLD/shown" || complain "it shows something else: $(cat "$WORLD/shown")"
}

test_the_last_lines_lead_to_the_pages_of_argocd_only_where_it_has_some() {
  with_argocd
  deploy
  succeeded
  said '  Argo CD            kubectl --context testbed get applications --namespace argocd'
  if grep -q port-forward "$WORLD/said"; then complain 'they lead to pages that are not there'; fi
  : >"$WORLD/argocd-pages"
  deploy
  succeeded
  said '  Argo CD            kubectl --context testbed --namespace argocd port-forward service/argocd-server 8443:443, then https://localhost:8443'
  # What cannot be asked fails nothing at the end of a deployment.
  given fails 'get service argocd-server'
  deploy
  succeeded
  said 'get applications --namespace argocd'
}

test_an_application_that_does_not_arrive_is_explained() {
  with_argocd
  printf 'PATIENCE=1\n' >>"$WORLD/clone/deploy/argocd.sh"
  commit_clone 'less patience'
  given health Degraded
  deploy
  refused
  said 'invoice-app-local (Degraded)'
  said 'did not arrive'
}

test_secrets_reach_the_branch_sealed_alone() {
  with_argocd
  with_sealed_secrets
  deploy
  succeeded
  local app secret
  for app in invoice-app payment-provider; do
    for secret in "$app-database" "$app-tls"; do
      on_branch "clusters/local/$app/sealed-$secret.yaml" | grep -qx 'kind: SealedSecret' || complain "$secret is not sealed"
      on_branch "clusters/local/$app/kustomization.yaml" | grep -qx -- "- sealed-$secret.yaml" || complain "$secret is not a resource"
    done
  done
  [ "$(of_repository ls-tree -r --name-only deploy clusters | grep -c '/sealed-[^/]*$')" = 4 ] || complain 'there are others'
  if of_repository grep -qE '^kind: Secret$|(POSTGRES_PASSWORD|DATABASE_URL|(tls|next)\.(crt|key)): ' deploy -- clusters; then
    complain 'a secret is in git in the clear'
  fi
  if of_repository grep -qE '^ *-----BEGIN [A-Z ]*PRIVATE KEY' deploy; then complain 'a key is in git in the clear'; fi
  never_called 'create --filename'
}

# sealed_wave APP: in which wave the branch has its secrets applied; 0 where nothing says one, as Argo CD has it.
sealed_wave() {
  local wave
  wave=$(on_branch "clusters/local/$1/kustomization.yaml" |
    sed -nE '/kind: SealedSecret$/,/^- target:/s|^ *argocd.argoproj.io/sync-wave: "(-?[0-9]+)"$|\1|p')
  echo "${wave:-0}"
}

test_sealed_secrets_come_before_the_database_that_reads_them() {
  with_argocd
  with_sealed_secrets
  deploy
  succeeded
  local database app
  database=$(sed -nE 's|^ *argocd.argoproj.io/sync-wave: "(-?[0-9]+)"$|\1|p' "$SOURCES/kustomize/components/database/stateful-set.yaml")
  [ -n "$database" ] || complain 'the database says no wave'
  for app in invoice-app payment-provider; do
    [ "$(sealed_wave "$app")" -lt "$database" ] || complain "$app: secrets in wave $(sealed_wave "$app"), its database in $database"
  done
}

test_a_sealed_secret_is_kept_as_long_as_the_cluster_can_open_it() {
  with_argocd
  with_sealed_secrets
  deploy
  : >"$WORLD/secret-exists"
  deploy
  succeeded
  said 'secret invoice/invoice-app-database unchanged'
  given sealing-key the-key-of-a-fresh-cluster
  deploy
  succeeded
  said 'secret invoice/invoice-app-database sealed as it is'
  on_branch clusters/local/invoice-app/sealed-invoice-app-database.yaml | grep -qF the-key-of-a-fresh-cluster || complain 'the old one is there'
}

# What the pods of an app are replaced for, on the branch.
database_mark() { on_branch "clusters/local/$1/kustomization.yaml" | sed -n '/~1database-secret$/{n;s/^ *value: //p;}'; }

test_a_deployment_after_a_rotation_replaces_no_pods_but_one_with_another_secret_does() {
  with_argocd
  with_sealed_secrets
  deploy
  : >"$WORLD/secret-exists"
  local sealed=clusters/local/invoice-app/sealed-invoice-app-database.yaml before
  before=$(database_mark invoice-app)
  [ -n "$before" ] || complain 'there is no mark'
  # A rotation changes this file alone, and replaces the pods itself.
  commit_on_branch "$sealed" "$(on_branch "$sealed")
# another password"
  deploy
  succeeded
  on_branch "$sealed" | grep -qx '# another password' || complain 'the rotation is undone'
  [ "$(database_mark invoice-app)" = "$before" ] || complain "the pods are replaced: $(database_mark invoice-app), not $before"
  given sealing-key the-key-of-a-fresh-cluster
  deploy
  succeeded
  [ "$(database_mark invoice-app)" != "$before" ] || complain 'the pods stay with a password that is gone'
}

test_a_database_that_is_made_anew_gets_a_secret_of_its_own() {
  with_argocd
  with_sealed_secrets
  deploy
  deploy
  succeeded
  said 'secret invoice/invoice-app-database made and sealed'
}

test_a_secret_that_the_cluster_has_is_sealed_as_it_is() {
  with_argocd
  with_sealed_secrets
  : >"$WORLD/secret-exists"
  deploy
  succeeded
  said 'secret invoice/invoice-app-database sealed as it is'
  called 'kubectl --context testbed --namespace invoice annotate secret invoice-app-database .*sealedsecrets.bitnami.com/managed=true'
}

test_without_kubeseal_secrets_are_made_in_the_cluster_and_git_has_none() {
  with_argocd
  given sealing-key a-key
  deploy
  succeeded
  said 'kubeseal is missing here'
  called 'kubectl --context testbed create --filename -'
  if of_repository ls-tree -r --name-only deploy | grep -q '^clusters/.*/sealed-'; then complain 'something was sealed'; fi
}

test_down_takes_the_applications_before_what_they_would_put_back() {
  with_argocd
  given namespace-invoice invoice/invoice-platform
  deploy --down
  succeeded
  called 'kubectl --context testbed --namespace argocd delete .*applications.argoproj.io --field-selector metadata.name=invoice-platform'
  local root namespaces
  root=$(grep -n 'metadata.name=invoice-platform' "$WORLD/calls" | head -n 1 | cut -d: -f1)
  namespaces=$(grep -n 'delete namespace' "$WORLD/calls" | head -n 1 | cut -d: -f1)
  [ "$root" -lt "$namespaces" ] || complain 'the namespaces went first'
  never_called 'delete namespace.*argocd'
}

test_down_removes_an_argocd_that_was_installed_here() {
  with_argocd
  : >"$WORLD/argocd-is-ours"
  deploy --down
  succeeded
  called 'kubectl --context testbed delete namespace argocd .*'
}
