# shellcheck shell=bash
# Another password for an app's database. What has to be done in the database and in which order is the
# program rotate-password's; here the Secret that it prints goes where this cluster has its secrets from.

# Argo CD looks at the branch that often even when nobody tells it to.
ARRIVAL_SECONDS=180

rotate_password() {
  local app=$1 role
  [[ " ${APPS[*]} " == *" $app "* ]] || fail "there is no app $app." "The ones that have a database: ${APPS[*]}"
  CONTEXT=${WANTED_CONTEXT:-$(recorded_context)}
  [ -n "$CONTEXT" ] || fail "nothing was deployed to a cluster from here, and processes on this machine have no passwords." \
    "Name the cluster: ./deploy.sh rotate-password $app --context NAME"
  require kubectl cargo
  choose_way_of_secrets
  step "Build the programs" build_programs
  [ -z "$SEALED_SECRETS" ] || step "See that the password of git has arrived" await_password_of_git "$app"
  role=$(rotator "$app" next) || fail "the rotation of $app cannot begin; see above."
  step "Give $role a new password" hand_over "$app" "$role"
  step "Replace the pods and end the login before" rotator "$app" finish "$role"
}

# By way of the branch where Argo CD keeps the deployment as git has it, and git has sealed secrets.
choose_way_of_secrets() {
  SEALED_SECRETS=''
  argocd_is_there && root_application_exists || return 0
  find_repository || fail "Argo CD keeps this deployment as git has it, and $NO_REPOSITORY." \
    "Name the server it was deployed with: GIT_SERVER=... ./deploy.sh rotate-password APP"
  step "Look for Sealed Secrets" find_sealed_secrets
  [ -z "$SEALED_SECRETS" ] || step "Look at the deployment branch" open_branch
}

# Where a rotation was cut off, the password that it put into git would arrive in the middle of this one.
await_password_of_git() {
  local app=$1 wanted deadline=$((SECONDS + ARRIVAL_SECONDS))
  wanted=$(branch_file "$(sealed_file "$app" "$app-database")" | sed -n 's/^ *DATABASE_URL: *//p') || wanted=''
  [ -n "$wanted" ] || return 0
  while [ "$(sealed_password_of_cluster "$app")" != "$wanted" ]; do
    [ $SECONDS -lt $deadline ] || fail "the sealed password that branch $BRANCH has for $app does not come to $CONTEXT, so no other is made." \
      "See what keeps Argo CD from it: kubectl --context $CONTEXT get applications --all-namespaces"
    refresh_applications
    sleep 1
  done
}

sealed_password_of_cluster() {
  kube --namespace "$(namespace_of "$1")" get sealedsecrets.bitnami.com "$1-database" --ignore-not-found \
    --output 'jsonpath={.spec.encryptedData.DATABASE_URL}'
}

rotator() {
  local app=$1
  shift
  in_root "$(program_path rotate-password)" --context "$CONTEXT" --namespace "$(namespace_of "$app")" --app "$app" "$@"
}

# The password goes through a pipe, from the program to kubeseal or to the cluster.
hand_over() {
  local app=$1
  rotator "$app" begin "$2" | put_secret "$app" "$app-database" ||
    fail "the new secret of $app was not put in place." "The password before still works. Type this again."
  if [ -n "$SEALED_SECRETS" ]; then
    commit_sealed "$app" "$app-database"
    refresh_applications
  fi
}

# On top of the branch nothing but this one file changes: what is deployed stays what it is.
commit_sealed() {
  local app=$1 path try tree
  path=$(sealed_file "$app" "$2")
  for try in 1 2 3 4 5; do
    [ -n "$TIP" ] || fail "branch $BRANCH of $REPOSITORY_URL is gone." "Type ./deploy.sh, then this again."
    tree=$(write_tree_with "$path")
    REVISION=$(rotation_message "$app" | commit_tree "$tree")
    if push_revision; then return; fi
    take_what_came_first "$try"
  done
  fail_push "May you push there? Then type this again."
}

# write_tree_with PATH: prints the branch's tree with the rendered file in the place of its own.
write_tree_with() {
  local index=$STATE/index blob
  rm -f "$index"
  blob=$(branch_git hash-object -w "$RENDERED/$1")
  GIT_INDEX_FILE=$index git --git-dir="$BRANCH_REPOSITORY" read-tree "$TIP"
  GIT_INDEX_FILE=$index git --git-dir="$BRANCH_REPOSITORY" update-index --add --cacheinfo "100644,$blob,$1"
  GIT_INDEX_FILE=$index git --git-dir="$BRANCH_REPOSITORY" write-tree
}

rotation_message() {
  cat <<TEXT
Another password for the database of $1

Environment: $ENVIRONMENT
TEXT
}
