# shellcheck shell=bash
# The deployment branch: what Argo CD reads. Each commit is the tracked tree of this clone with
# clusters/local on top, made in a repository of its own, so that the clone's index, working tree and
# history stay as they are.

BRANCH=deploy
# Bare; its remote is the deployment repository.
BRANCH_REPOSITORY=$STATE/repository

# Outside of every repository that the caller's environment may name.
own_git() { env -u GIT_DIR -u GIT_WORK_TREE -u GIT_INDEX_FILE git "$@"; }

branch_git() { own_git --git-dir="$BRANCH_REPOSITORY" "$@"; }

source_git() { own_git -C "$ROOT" "$@"; }

# Sets REPOSITORY_URL and REPOSITORY_IN_CLUSTER, or fails to find one with a sentence in NO_REPOSITORY.
find_repository() {
  local origin
  if ! have git; then
    NO_REPOSITORY="git is missing ($(way_to_get git))" && return 1
  fi
  if ! source_git rev-parse --verify --quiet HEAD >/dev/null 2>&1; then
    NO_REPOSITORY="$ROOT is not a clone with a commit, so there is nothing to say what is deployed" && return 1
  fi
  if [ -n "${GIT_SERVER:-}" ]; then
    REPOSITORY_URL=${GIT_SERVER%/}/invoice-platform.git
    REPOSITORY_IN_CLUSTER=${GIT_SERVER_IN_CLUSTER:-$GIT_SERVER}
    REPOSITORY_IN_CLUSTER=${REPOSITORY_IN_CLUSTER%/}/invoice-platform.git
    return
  fi
  origin=$(source_git remote get-url origin 2>/dev/null) || origin=''
  case $origin in
    http://* | https://* | ssh://* | *@*:*) REPOSITORY_URL=$origin REPOSITORY_IN_CLUSTER=$origin ;;
    *) NO_REPOSITORY='GIT_SERVER is not set, and this clone has no remote that a cluster could read' && return 1 ;;
  esac
}

# A repository that asks for a password must fail, not wait for one.
remote_git() { GIT_TERMINAL_PROMPT=0 GIT_SSH_COMMAND="${GIT_SSH_COMMAND:-ssh -o BatchMode=yes}" branch_git "$@"; }

open_branch() {
  if [ ! -d "$BRANCH_REPOSITORY" ]; then
    mkdir -p "$STATE"
    own_git init --quiet --bare "$BRANCH_REPOSITORY"
  fi
  branch_git config remote.origin.url "$REPOSITORY_URL"
  fetch_branch
  detail "$REPOSITORY_URL, branch $BRANCH${TIP:+ at ${TIP:0:12}}"
}

# Sets TIP to the commit that the branch has now, or to nothing when it does not exist yet.
fetch_branch() {
  local heads
  TIP=''
  heads=$(remote_git ls-remote origin "refs/heads/$BRANCH" 2>"$STATE/git.log") || no_access_to_branch
  [ -n "$heads" ] || return 0
  remote_git fetch --quiet --no-tags origin "+refs/heads/$BRANCH:refs/remotes/origin/$BRANCH" 2>"$STATE/git.log" || no_access_to_branch
  TIP=$(branch_git rev-parse "refs/remotes/origin/$BRANCH")
}

no_access_to_branch() {
  tail -n 5 "$STATE/git.log" >&2
  fail "the repository $REPOSITORY_URL cannot be read, and Argo CD takes the state from its branch $BRANCH." \
    "Make an empty repository of that name there that can be pushed to from here and read by the cluster," \
    "name another server (GIT_SERVER=..., GIT_SERVER_IN_CLUSTER=... if the cluster sees it elsewhere)," \
    "or deploy past Argo CD: ./deploy.sh --without-argocd"
}

# branch_file PATH: prints what the branch has there.
branch_file() { [ -n "$TIP" ] && branch_git cat-file blob "$TIP:$1" 2>/dev/null; }

# What is not tracked would be missing on the branch, and Argo CD would only say so later.
refuse_untracked_manifests() {
  local untracked
  untracked=$(source_git ls-files --others --exclude-standard -- kustomize argocd)
  [ -z "$untracked" ] || fail "git does not track these manifests, so the branch would lack them:" \
    "$untracked" "Type: git add kustomize argocd"
}

# commit_state: sets REVISION to the commit that holds the state, pushed on top of what the branch has.
commit_state() {
  local try tree
  refuse_untracked_manifests
  for try in 1 2 3 4 5; do
    tree=$(write_state_tree)
    if [ -n "$TIP" ] && [ "$tree" = "$(branch_git rev-parse "$TIP^{tree}")" ]; then
      REVISION=$TIP
      detail "${REVISION:0:12}, which has this state already"
      return
    fi
    REVISION=$(commit_message | commit_tree "$tree")
    if push_revision; then return; fi
    take_what_came_first "$try"
  done
  fail_push "May you push there? Try: git push $REPOSITORY_URL HEAD:refs/heads/try"
}

# Puts REVISION on the branch; fails when something else is there already. Never forced.
push_revision() {
  remote_git push --quiet origin "$REVISION:refs/heads/$BRANCH" 2>"$STATE/git.log" && detail "${REVISION:0:12}"
}

# take_what_came_first TRY: after a push that was refused, so that the next one is on top of it.
take_what_came_first() {
  progress "push $1 was refused; another one was first, or this machine may not push"
  fetch_branch
}

# fail_push ADVICE
fail_push() {
  tail -n 5 "$STATE/git.log" >&2
  fail "branch $BRANCH of $REPOSITORY_URL could not be pushed to." "$1"
}

# Prints the tree: what this clone tracks, as it is in the working tree; other environments' digests
# and clusters as the branch has them, since promotion writes them there; what was rendered for this one.
write_state_tree() {
  local index=$STATE/index
  rm -f "$index"
  source_git ls-files -z | add_to_index "$index" "$ROOT" --remove
  if [ -n "$TIP" ]; then
    branch_git ls-tree -r "$TIP" | kept_entries | GIT_INDEX_FILE=$index git --git-dir="$BRANCH_REPOSITORY" update-index --index-info
  fi
  (cd "$RENDERED" && find "$CLUSTER_FOLDER" kustomize/apps/*/overlays/"$ENVIRONMENT"/image -type f -print0) |
    add_to_index "$index" "$RENDERED"
  GIT_INDEX_FILE=$index git --git-dir="$BRANCH_REPOSITORY" write-tree
}

# add_to_index INDEX FOLDER OPTION...: the paths on standard input, as they are in that folder.
add_to_index() {
  local index=$1 folder=$2
  shift 2
  (cd "$folder" && GIT_INDEX_FILE=$index git --git-dir="$BRANCH_REPOSITORY" --work-tree="$folder" update-index --add "$@" -z --stdin)
}

# Of the lines of ls-tree those of other environments.
kept_entries() {
  grep -E $'\t(kustomize/apps/[^/]+/overlays/[^/]+/image/|clusters/)' |
    grep -vE $'\t'"(kustomize/apps/[^/]+/overlays/$ENVIRONMENT/|$CLUSTER_FOLDER/)" || true
}

commit_message() {
  local commit state=clean
  commit=$(source_git rev-parse HEAD)
  [ -z "$(source_git status --porcelain --untracked-files=no)" ] || state=changed
  cat <<TEXT
Deploy ${commit:0:12} to $ENVIRONMENT

Source-Commit: $commit
Source-Tree: $state
Environment: $ENVIRONMENT
Payment-Provider-Image: $PAYMENT_PROVIDER_IMAGE
Invoice-App-Image: $INVOICE_APP_IMAGE
TEXT
}

# commit_tree TREE: prints the commit; its message comes from standard input.
commit_tree() {
  local name email parent=()
  name=$(source_git config user.name) || name=deploy.sh
  email=$(source_git config user.email) || email=deploy@invoice-platform.example
  [ -z "$TIP" ] || parent=(-p "$TIP")
  GIT_AUTHOR_NAME=$name GIT_AUTHOR_EMAIL=$email GIT_COMMITTER_NAME=$name GIT_COMMITTER_EMAIL=$email \
    branch_git commit-tree "$1" ${parent[@]+"${parent[@]}"}
}
