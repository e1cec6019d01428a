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
