# shellcheck shell=bash
# ./deploy.sh promote hands over to the program, which has tests of its own.

has_the_program() {
  has cargo rustc kubectl
  local folder=$WORLD/clone/target/x86_64-unknown-linux-gnu/release
  mkdir -p "$folder"
  cat >"$folder/promote" <<'TEXT'
#!/usr/bin/env bash
printf 'promote %s\n' "$*" >>"$WORLD/calls"
[ ! -e "$WORLD/refuses" ]
TEXT
  chmod +x "$folder/promote"
}

test_a_promotion_is_handed_to_its_program() {
  has_the_program
  deploy promote invoice-app local dev --wait 0
  succeeded
  called "promote app --root $WORLD/clone invoice-app local dev --wait 0"
  never_called '^kubectl'
}

test_a_refused_promotion_ends_with_1() {
  has_the_program
  : >"$WORLD/refuses"
  deploy promote invoice-app local dev
  refused
}

test_a_promotion_without_git_is_told_so() {
  has_the_program
  rm "$WORLD/bin/git"
  deploy promote invoice-app local dev
  refused
  said 'git is missing.'
}

test_a_promotion_with_wrong_words_shows_how_it_is_typed_and_builds_nothing() {
  has_the_program
  local words
  for words in '' 'invoice-app' 'invoice-app local' 'invoice-app local dev staging' 'invoice local dev' 'invoice-app local dev --force' \
    'invoice-app local dev --wait' 'invoice-app local dev --wait soon' 'invoice-app local dev --wait=soon'; do
    # shellcheck disable=SC2086 # several words
    deploy promote $words
    refused
    said './deploy.sh promote APP FROM TO'
    said 'error: '
    never_called '.'
  done
}

test_a_promotion_between_environments_that_are_not_there_or_the_same_builds_nothing() {
  has_the_program
  local from to unknown
  while read -r from to unknown; do
    deploy promote invoice-app "$from" "$to"
    refused
    said "error: environments.yaml has no environment $unknown; it has local, dev, staging, production."
    never_called '.'
  done <<'TEXT'
nowhere dev nowhere
local nowhere nowhere
local build build
TEXT
  deploy promote invoice-app dev dev
  refused
  said 'FROM and TO are both dev'
  never_called '.'
}

test_help_of_a_promotion_is_no_error() {
  has_the_program
  deploy promote --help
  succeeded
  said './deploy.sh promote APP FROM TO'
  never_called '.'
}

test_every_option_of_a_promotion_reaches_the_program() {
  has_the_program
  deploy promote payment-provider build dev --wait=5 --without-evidence 'it burns' --branch other --repository=https://git.example/x.git
  succeeded
  called "promote app --root $WORLD/clone payment-provider build dev --wait=5 --without-evidence it burns --branch other --repository=https://git.example/x.git"
}
