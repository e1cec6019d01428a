# shellcheck shell=bash
# What a terminal shows: a step's name while it goes on is gone when something else takes its line.

# on_a_terminal SHELL: what say.sh writes for it, to a terminal and then to a file.
on_a_terminal() {
  printf '. "%s/clone/deploy/say.sh"\n%s\n' "$WORLD" "$1" >"$WORLD/script"
  TERM=xterm script --quiet --return --command "bash $WORLD/script" /dev/null >"$WORLD/said" </dev/null || true
  bash "$WORLD/script" >"$WORLD/said-to-a-file" 2>&1 || true
}

test_a_line_on_a_terminal_leaves_nothing_of_the_step_that_stood_there() {
  local words
  for words in 'true' 'say x' 'progress x' 'fail x'; do
    on_a_terminal "step 'A step with a long name' $words"
    grep -qF $'A step with a long name ...\r\e[K' "$WORLD/said" || complain "$words does not clear the line"
  done
}

test_what_is_kept_in_a_file_has_no_line_that_another_takes() {
  on_a_terminal "step 'A step' progress 'a word'"
  said $'\e[K'
  if grep -qE $'[\r\e]' "$WORLD/said-to-a-file"; then complain "it has: $(cat -A "$WORLD/said-to-a-file")"; fi
  grep -qE '^ *[0-9.]+ s  A step$' "$WORLD/said-to-a-file" || complain "it lacks the step: $(cat "$WORLD/said-to-a-file")"
}
