# shellcheck shell=bash
# What the scripts of the workflows do, and what they refuse.

# A clone whose one commit is on main, and the tools that a runner has.
begin_workflow() {
  local tool
  for tool in git jq date mktemp diff awk wc kubectl; do ln -sf "$(command -v "$tool")" "$WORLD/bin/$tool"; done
  has crane cosign gh syft grype
  given unsigned nothing
  given pulls '[]'
  given sbom '{"packages": [{"name": "probe", "versionInfo": "0.1.0"}]}'
  in_clone init --quiet --initial-branch main
  commit first
  in_clone update-ref refs/remotes/origin/main HEAD
}

in_clone() { git -C "$WORLD/clone" -c user.name=a -c user.email=a@example.com "$@"; }
commit() { in_clone commit --quiet --allow-empty --message "$1"; }

# shellcheck disable=SC2034 # CODE is read by succeeded and refused
# script NAME ARGUMENT...: as the runner calls it; its words are in $WORLD/said.
script() {
  local name=$1
  shift
  CODE=0
  (cd "$WORLD/clone" && env -i PATH="$WORLD/bin" HOME="$WORLD" WORLD="$WORLD" REGISTRY=registry.example/platform \
    GITHUB_REPOSITORY=platform/invoices GITHUB_SERVER_URL=https://git.example TOKEN="token-$$" \
    GIT_SERVER="$WORLD/git" GH_REPO=platform/invoices HEAD_OWNER=stranger HEAD_BRANCH=change HEAD_COMMIT=abc \
    ".github/scripts/$name" "$@") >"$WORLD/said" 2>&1 </dev/null || CODE=$?
}

test_a_release_names_what_main_built_and_signed() {
  begin_workflow
  script release v1.2.3
  succeeded
  called "crane tag registry.example/platform/invoice-app@sha256:1{64} v1.2.3"
  called 'cosign verify --certificate-identity https://github.com/platform/invoices/.github/workflows/images.yaml@refs/heads/main .*/payment-provider@sha256:1{64}'
  called 'gh release create v1.2.3 --verify-tag .*'
  [ "$(jq -r '.images["invoice-app"]' "$WORLD/clone/.deploy/tested.json")" = "registry.example/platform/invoice-app@sha256:$(printf '1%.0s' {1..64})" ] ||
    complain 'tested.json does not name the image'
}

test_an_image_that_main_did_not_sign_is_not_released() {
  begin_workflow
  given unsigned invoice-app
  script release v1.2.3
  refused
  said 'invoice-app of this commit is not signed'
  never_called '^(gh release|crane tag)'
}

test_a_tag_beside_main_is_not_released() {
  begin_workflow
  commit 'beside main'
  script release v1.2.3
  refused
  said 'the commit of v1.2.3 is not on main'
  never_called '^(gh|crane|cosign)'
}

test_an_image_is_signed_after_it_was_scanned() {
  begin_workflow
  script evidence registry.example/platform/probe@sha256:1
  succeeded
  called 'cosign sign --yes registry.example/platform/probe@sha256:1'
  called 'cosign attest --yes --type spdxjson .*'
}

test_an_image_with_known_vulnerabilities_is_not_signed() {
  begin_workflow
  : >"$WORLD/vulnerable"
  script evidence registry.example/platform/probe@sha256:1
  refused
  called 'grype .*--fail-on high.*'
  never_called '^cosign'
}

test_an_image_that_does_not_say_what_it_is_made_of_is_not_signed() {
  begin_workflow
  given sbom '{"packages": [{"name": "registry.example/platform/probe"}]}'
  script evidence registry.example/platform/probe@sha256:1
  refused
  said 'does not say which crates it is made of'
  never_called '^cosign'
}

test_the_diff_is_put_under_the_pull_request_whose_head_it_is_of() {
  begin_workflow
  given pulls '[{"number": 7, "head": {"sha": "older"}}, {"number": 8, "head": {"sha": "abc"}}]'
  echo changed >"$WORLD/clone/diff.md"
  script comment diff.md
  succeeded
  called 'gh api .*head=stranger:change'
  called 'gh pr comment 8 --edit-last --create-if-none .*'
}

test_a_pull_request_that_went_on_gets_no_comment_about_what_it_was() {
  begin_workflow
  given pulls '[{"number": 7, "head": {"sha": "newer"}}]'
  echo changed >"$WORLD/clone/diff.md"
  script comment diff.md
  succeeded
  never_called '^gh pr comment'
}

# two_checkouts TEXT: base and head of a pull request that changes a ConfigMap to TEXT.
two_checkouts() {
  local side folder
  for side in base head; do
    folder=$WORLD/clone/$side/kustomize/apps/invoice-app/overlays/dev
    mkdir -p "$folder"
    printf 'resources: [config.yaml]\n' >"$folder/kustomization.yaml"
    printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {text: before}\n' >"$folder/config.yaml"
  done
  printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  text: |-\n%s\n' "$1" >"$WORLD/clone/head/kustomize/apps/invoice-app/overlays/dev/config.yaml"
}

test_the_rendered_diff_shows_what_changes() {
  begin_workflow
  two_checkouts '    after'
  script rendered-diff base head
  succeeded
  said '<code>kustomize/apps/invoice-app/overlays/dev</code>: 1 lines added, 1 removed'
  said '+  text: after'
}

test_the_rendered_diff_says_so_when_nothing_changes() {
  begin_workflow
  two_checkouts '    after'
  script rendered-diff head head
  succeeded
  said 'Nothing that is rendered changes.'
}

test_the_rendered_diff_cannot_be_left_by_a_fence_inside_it() {
  begin_workflow
  # shellcheck disable=SC2016 # the backticks are the text
  two_checkouts '    ````
    @everyone'
  script rendered-diff base head
  succeeded
  [ "$(grep -c '^`````' "$WORLD/said")" = 2 ] || complain 'the fence is not longer than what it holds'
}

test_manifests_that_do_not_render_are_shown_with_their_error() {
  begin_workflow
  two_checkouts '    after'
  printf 'resources: [gone.yaml]\n' >"$WORLD/clone/head/kustomize/apps/invoice-app/overlays/dev/kustomization.yaml"
  script rendered-diff base head
  succeeded
  said 'does not render'
  said 'gone.yaml'
}

# A deployment branch, and what ./deploy.sh promote would be called with.
begin_promotion() {
  begin_workflow
  local tool
  for tool in base64 find; do ln -sf "$(command -v "$tool")" "$WORLD/bin/$tool"; done
  has record-promotion
  cp "$WORLD/bin/record-promotion" "$WORLD/clone/deploy.sh"
  mkdir -p "$WORLD/clone/$DEV_IMAGE" && echo 'digest: zeros' >"$WORLD/clone/$DEV_IMAGE/kustomization.yaml"
  in_clone add .
  commit second
  git init --quiet --bare --initial-branch deploy "$WORLD/git/invoice-platform.git"
}

DEV_IMAGE=kustomize/apps/invoice-app/overlays/dev/image

on_branch() { git --git-dir="$WORLD/git/invoice-platform.git" show "deploy:$1" 2>/dev/null; }

# Somebody promotes and deploys: a commit on the branch that main does not have.
change_branch() {
  git clone --quiet "$WORLD/git/invoice-platform.git" "$WORLD/other"
  echo 'digest: promoted' >"$WORLD/other/$DEV_IMAGE/kustomization.yaml"
  mkdir -p "$WORLD/other/clusters/local"
  echo 'cluster' >"$WORLD/other/clusters/local/kustomization.yaml"
  git -C "$WORLD/other" add .
  git -C "$WORLD/other" -c user.name=a -c user.email=a@example.com commit --quiet --message promotion
  git -C "$WORLD/other" push --quiet origin deploy
}

test_both_apps_are_promoted_to_dev_after_the_manifests() {
  begin_promotion
  script promote-to-dev
  succeeded
  called 'deploy.sh promote payment-provider build dev'
  called 'deploy.sh promote invoice-app build dev'
  on_branch deploy/say.sh >/dev/null || complain 'the branch lacks the tree'
}

test_manifests_come_along_and_promotions_stay() {
  begin_promotion
  script promote-to-dev
  succeeded
  change_branch
  echo changed >"$WORLD/clone/README.md"
  in_clone add .
  commit third
  script promote-to-dev
  succeeded
  [ "$(on_branch README.md)" = changed ] || complain 'the change of main did not come along'
  [ "$(on_branch "$DEV_IMAGE/kustomization.yaml")" = 'digest: promoted' ] || complain 'the promotion is lost'
  [ "$(on_branch clusters/local/kustomization.yaml)" = cluster ] || complain 'the cluster is lost'
}

test_the_token_of_a_promotion_is_nowhere_to_be_read() {
  begin_promotion
  script promote-to-dev
  succeeded
  if grep -rqE "token-$$|$(printf 'x-access-token:token-%s' "$$" | base64)" "$WORLD/clone" "$WORLD/calls" "$WORLD/said"; then
    complain 'the token was written down'
  fi
  called 'the token is lent'
}
