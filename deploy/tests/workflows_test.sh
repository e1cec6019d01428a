# shellcheck shell=bash
# What the scripts of the workflows do, and what they refuse.

# A clone whose one commit is on main, and the tools that a runner has.
begin_workflow() {
  local tool
  for tool in git jq date mktemp diff awk wc kubectl realpath comm; do ln -sf "$(command -v "$tool")" "$WORLD/bin/$tool"; done
  has crane cosign gh syft grype
  given unsigned nothing
  given pulls '[]'
  given sbom '{"packages": [{"name": "probe", "versionInfo": "0.1.0"}]}'
  in_clone init --quiet --initial-branch main
  commit first
  push_main
}

in_clone() { git -C "$WORLD/clone" -c user.name=a -c user.email=a@example.com "$@"; }
push_main() { in_clone update-ref refs/remotes/origin/main HEAD; }
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

test_a_release_says_whose_word_its_evidence_is() {
  begin_workflow
  script release v1.2.3
  succeeded
  jq -r .remark "$WORLD/clone/.deploy/tested.json" | grep -qF "so says the signature of main's workflow" || complain 'tested.json does not say so'
  # The signature does not tell whether ci had nothing to look at for a check.
  [ "$(jq -c .parts "$WORLD/clone/.deploy/tested.json")" = '["all but traces-arrive, promotion-and-revert"]' ] || complain 'it says that all tests passed'
}

# main goes on, and its manifests arrive on the deployment branch.
main_goes_on() {
  commit second
  push_main
  in_clone commit --quiet --allow-empty --message "Manifests of main" --message "Source-Commit: $(in_clone rev-parse HEAD)"
  in_clone update-ref refs/remotes/origin/deploy HEAD
}

test_a_commit_before_the_one_that_is_on_the_deployment_branch_is_not_released() {
  begin_workflow
  local first
  first=$(in_clone rev-parse HEAD)
  main_goes_on
  in_clone checkout --quiet "$first"
  script release v1.2.3
  refused
  said 'comes before that: they would go back everywhere'
  never_called '^(gh|crane|cosign)'
  in_clone checkout --quiet origin/main
  script release v1.2.3
  succeeded
}

test_a_clone_that_lacks_the_history_is_told_so() {
  begin_workflow
  main_goes_on
  commit third
  push_main
  in_clone rev-parse HEAD >"$WORLD/clone/.git/shallow"
  script release v1.2.3
  refused
  said 'git fetch --unshallow'
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

test_every_kustomization_that_is_rendered_anywhere_is_in_the_rendered_diff() {
  begin_workflow
  # Only which folders there are is asked here; the answer for each says that it was rendered.
  # shellcheck disable=SC2016 # the stand-in's own words
  printf '#!/usr/bin/env bash\necho "rendered: $2"\n' >"$WORLD/kubectl"
  rm -f "$WORLD/bin/kubectl" && cp "$WORLD/kubectl" "$WORLD/bin/kubectl" && chmod +x "$WORLD/bin/kubectl"
  mkdir -p "$WORLD/clone/base" "$WORLD/clone/head"
  cp -R "$SOURCES/kustomize" "$SOURCES/argocd" "$WORLD/clone/head/"
  # A folder that nobody has thought of yet.
  mkdir "$WORLD/clone/head/kustomize/cluster/later"
  printf 'kind: Kustomization\nresources: []\n' >"$WORLD/clone/head/kustomize/cluster/later/kustomization.yaml"
  script rendered-diff base head
  succeeded
  local file folder count=0
  for file in $(cd "$WORLD/clone/head" && find kustomize argocd -name kustomization.yaml); do
    folder=${file%/*}
    case $folder in
      # Parts of others.
      */base | argocd/platform | argocd/projects | argocd/applicationsets | argocd/notifications) continue ;;
    esac
    if grep -qxF 'kind: Component' "$WORLD/clone/head/$file"; then continue; fi
    count=$((count + 1))
    said "<code>$folder</code>"
  done
  said '<code>kustomize/cluster/argocd-access</code>'
  said '<code>argocd/settings</code>'
  [ "$count" -gt 15 ] || complain "only $count folders were found"
  [ "$(grep -c '^<details>' "$WORLD/said")" = "$count" ] || complain 'something is rendered that is part of another'
}

test_a_rendered_diff_of_nothing_is_refused() {
  begin_workflow
  mkdir -p "$WORLD/clone/empty"
  script rendered-diff empty empty
  refused
  said 'has nothing that can be rendered'
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
  echo /.deploy/ >"$WORLD/clone/.gitignore"
  mkdir -p "$WORLD/clone/$DEV_IMAGE" && echo 'digest: zeros' >"$WORLD/clone/$DEV_IMAGE/kustomization.yaml"
  in_clone add .
  commit second
  push_main
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

test_an_earlier_commit_does_not_take_the_manifests_back() {
  begin_promotion
  script promote-to-dev
  succeeded
  echo changed >"$WORLD/clone/README.md"
  in_clone add .
  commit third
  push_main
  script promote-to-dev
  succeeded
  in_clone checkout --quiet HEAD^
  : >"$WORLD/calls"
  script promote-to-dev
  refused
  said 'comes before that: they would go back everywhere'
  never_called '^deploy.sh promote'
  [ "$(on_branch README.md)" = changed ] || complain 'the manifests went back'
  in_clone checkout --quiet main
  script promote-to-dev
  succeeded
}

test_a_commit_beside_main_is_not_promoted() {
  begin_promotion
  echo changed >"$WORLD/clone/README.md"
  in_clone add .
  commit 'beside main'
  script promote-to-dev
  refused
  said 'is not on main, so nobody looked at it'
  never_called '^deploy.sh promote'
  if on_branch README.md >/dev/null; then complain 'its manifests are on the branch'; fi
  # The same commit, once it is merged.
  push_main
  script promote-to-dev
  succeeded
  [ "$(on_branch README.md)" = changed ] || complain 'its manifests are not on the branch'
  in_clone update-ref -d refs/remotes/origin/main
  script promote-to-dev
  refused
  said 'does not know what main has'
}

test_both_apps_are_promoted_to_dev_after_the_manifests() {
  begin_promotion
  script promote-to-dev
  succeeded
  called "deploy.sh promote payment-provider build dev --without-evidence ci's cluster has nothing to look at for .*"
  called "deploy.sh promote invoice-app build dev --without-evidence ci's cluster has nothing to look at for .*"
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
  push_main
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

# What the job cluster of ci leaves behind when all tests passed.
begin_publishing() {
  begin_workflow
  has docker
  local program
  mkdir -p "$WORLD/clone/handed-on/programs"
  for program in payment-provider invoice-app probe; do echo "the tested $program" >"$WORLD/clone/handed-on/programs/$program"; done
  tested all
}

# tested PART
tested() {
  printf '{"commit": "%s", "dirty": false, "time": "2026-11-21T16:05:52Z", "parts": ["%s"], "images": {}}\n' \
    "$(in_clone rev-parse HEAD)" "$1" >"$WORLD/clone/handed-on/tested.json"
}

test_what_is_published_are_the_programs_that_passed_the_tests() {
  begin_publishing
  script publish handed-on
  succeeded
  called 'docker push registry.example/platform/invoice-app:[0-9a-f]{40}'
  grep -qxF 'the tested invoice-app' "$WORLD/clone/.deploy/programs/invoice-app" || complain 'another program was packaged'
  local tested=$WORLD/clone/.deploy/tested.json
  [ "$(jq -c '[.commit, .time, .parts]' "$tested")" = "[\"$(in_clone rev-parse HEAD)\",\"2026-11-21T16:05:52Z\",[\"all\"]]" ] ||
    complain "tested.json does not say what was tested: $(cat "$tested")"
  jq -r .remark "$tested" | grep -qF 'the programs that ran there' || complain 'tested.json does not say how'
  said 'matrix=["registry.example/platform/payment-provider@sha256:'
  # The hook of its syncs goes with the app.
  jq -r .images.probe "$tested" | grep -qE '^registry.example/platform/probe@sha256:[0-9a-f]{64}$' || complain 'tested.json does not name the probe'
}

test_nothing_is_published_that_did_not_pass_all_tests() {
  begin_publishing
  local part
  for part in acceptance 'all but drift-healed' 'all but drift-healed, promotion-and-revert'; do
    tested "$part"
    script publish handed-on
    refused
    said 'not all tests passed'
  done
  never_called '^docker (build|push)'
}

test_what_ci_has_nothing_to_look_at_for_is_published_and_said_to_be_left_out() {
  begin_publishing
  local part
  for part in 'all but promotion-and-revert' 'all but traces-arrive, promotion-and-revert'; do
    tested "$part"
    script publish handed-on
    succeeded
    [ "$(jq -c .parts "$WORLD/clone/.deploy/tested.json")" = "[\"$part\"]" ] || complain 'it says that all tests passed'
  done
}

test_nothing_is_published_that_was_tested_on_another_commit() {
  begin_publishing
  commit second
  script publish handed-on
  refused
  said 'what was tested is not this commit'
  never_called '^docker (build|push)'
}

test_a_program_that_the_tests_did_not_run_is_not_published() {
  begin_publishing
  rm "$WORLD/clone/handed-on/programs/probe"
  script publish handed-on
  refused
  said 'did not hand on the program probe'
  never_called '^docker (build|push)'
}

workflow_files() { printf '%s\n' "$SOURCES"/.github/workflows/*.yaml; }

# What the runners' image brings; all else has to be installed where it is used.
ON_RUNNER=' bash base64 cargo curl docker gh git jq kubectl shellcheck tofu '

# What a job calls that is neither a script nor on the runner, and what it installs: lines JOB WHAT NAME.
jobs_of() {
  awk '
    /^jobs:/ { jobs = 1; next }
    jobs && /^  [a-z-]+:$/ { job = $1; sub(":", "", job) }
    /^ *#/ { next }
    /cosign-installer@/ { print job, "installs", "cosign" }
    /\.github\/scripts\/install / { sub(/.*scripts\/install /, ""); count = split($0, tools, " "); for (i = 1; i <= count; i++) print job, "installs", tools[i]; next }
    match($0, /\.github\/scripts\/[a-z-]+/) && /run:/ { name = substr($0, RSTART + 16, RLENGTH - 16); print job, "runs", name }
    /run: actionlint/ { print job, "calls", "actionlint" }
    /run: cargo deny/ { print job, "calls", "cargo-deny" }
    /AUDITABLE:/ { print job, "calls", "cargo-auditable" }
  ' "$1"
}

# What a script says that it needs, and what it calls by a name that no runner has.
needs_of() {
  local script=$SOURCES/.github/scripts/$1 tool
  sed -nE 's/^require ([a-z -]+)$/\1/p' "$script" | tr ' ' '\n'
  for tool in actionlint crane cosign syft grype cargo-deny cargo-auditable; do
    if grep -vE '^ *#' "$script" | grep -qE "(^|[|(&;] *|^ +)$tool "; then echo "$tool"; fi
  done
}

test_every_workflow_installs_what_its_scripts_require() {
  local file jobs job what name tool runs=0 installed=0
  for file in $(workflow_files); do
    jobs=$(jobs_of "$file")
    while read -r job what name; do
      case $what in
        runs) tools=$(needs_of "$name") && runs=$((runs + 1)) ;;
        calls) tools=$name ;;
        *) continue ;;
      esac
      for tool in $tools; do
        [[ $ON_RUNNER = *" $tool "* ]] && continue
        grep -qx "$job installs $tool" <<<"$jobs" || complain "job $job of ${file##*/} does not install $tool, which $name needs"
        installed=$((installed + 1))
      done
    done <<<"$jobs"
  done
  if [ "$runs" -le 5 ] || [ "$installed" -le 6 ]; then complain "only $runs scripts and $installed tools were found"; fi
}

test_every_action_is_pinned_by_a_commit_and_says_its_version() {
  local line count=0
  while read -r line; do
    count=$((count + 1))
    [[ $line =~ uses:\ [A-Za-z0-9_.-]+/[A-Za-z0-9_./-]+@[0-9a-f]{40}\ #\ v[0-9]+\.[0-9]+\.[0-9]+$ ]] ||
      [[ $line =~ uses:\ \./\.github/workflows/[a-z-]+\.yaml$ ]] || complain "not pinned: $line"
  done < <(grep -hE '^ *-? *uses:' "$SOURCES"/.github/workflows/*.yaml)
  [ "$count" -gt 20 ] || complain "only $count were found"
  # One commit has one version.
  [ -z "$(grep -hoE '[A-Za-z0-9_./-]+@[0-9a-f]{40} # v[0-9.]+' "$SOURCES"/.github/workflows/*.yaml | sort -u | cut -d@ -f1 | sort | uniq -d)" ] ||
    complain 'an action is used at two versions'
}

test_every_workflow_begins_with_no_right_but_to_read() {
  local file count=0
  for file in $(workflow_files); do
    count=$((count + 1))
    grep -qxE 'permissions: \{\}' "$file" && continue
    [ "$(awk '/^permissions:$/ { inside = 1; next } /^[^ ]/ { inside = 0 } inside && NF' "$file")" = '  contents: read' ] ||
      complain "${file##*/} gives all of its jobs more than it has to"
  done
  [ "$count" -gt 5 ] || complain "only $count were found"
}

# job_of FILE NAME: its lines.
job_of() { awk -v job="  $2:" '/^  [a-z-]+:$/ { inside = ($0 == job) } inside' "$1"; }

# A workflow that is started by hand runs for the branch that is named then.
test_no_branch_but_main_is_published_or_promoted_by_hand() {
  local file job count=0
  for file in $(workflow_files); do
    grep -qE '^  workflow_dispatch:' "$file" || continue
    while read -r job; do
      job_of "$file" "$job" | grep -qE 'uses: \./\.github/workflows/(images|promote)\.yaml|scripts/(publish|promote-to-dev)' || continue
      count=$((count + 1))
      job_of "$file" "$job" | grep -qxF "    if: github.ref == 'refs/heads/main'" || complain "job $job of ${file##*/} runs for any branch"
    done < <(sed -nE '/^jobs:/,$ s/^  ([a-z-]+):$/\1/p' "$file")
  done
  [ "$count" = 2 ] || complain "$count jobs were found"
}

test_what_a_stranger_proposes_runs_without_rights_and_secrets() {
  local file count=0
  for file in $(workflow_files); do
    if grep -qE '^ *pull_request_target' "$file"; then complain "${file##*/} runs what a stranger proposes with main's rights"; fi
    grep -qE '^  pull_request:' "$file" || continue
    count=$((count + 1))
    if grep -nE ': write|write-all|secrets\.|github\.token' "$file"; then complain "${file##*/} gives them to whoever opens a pull request"; fi
  done
  [ "$count" -gt 1 ] || complain "only $count were found"
}
