# shellcheck shell=bash
# shellcheck disable=SC2016 # the backticks are Markdown's
# What the documents say of files and checks.

documents() { (cd "$SOURCES" && find . -name '*.md' -not -path './target/*' -not -path './.deploy/*'); }

# links_of DOCUMENT: the relative ones, without what follows a number sign.
links_of() {
  grep -oE '\]\([^)]+\)' "$SOURCES/$1" | sed -E 's/^\]\(//; s/\)$//; s/#.*//' | grep -vE '^(https?:|$)' || true
}

test_every_link_of_the_documents_leads_somewhere() {
  local document link count=0
  for document in $(documents); do
    for link in $(links_of "$document"); do
      count=$((count + 1))
      [ -e "$SOURCES/$(dirname "$document")/$link" ] || complain "$document: there is no $link"
    done
  done
  [ "$count" -gt 20 ] || complain "only $count links were found"
}

test_every_check_that_the_threat_model_names_exists() {
  local name names count=0
  names=$(awk -F'|' 'NF > 5 { print $5 }' "$SOURCES/docs/threat-model.md" | grep -oE '`[a-z]+(-[a-z]+)+`' | tr -d '`' | sort -u)
  for name in $names; do
    count=$((count + 1))
    grep -rqF "name: \"$name\"" "$SOURCES/acceptance/src/check" || complain "acceptance has no check $name"
  done
  [ "$count" -gt 10 ] || complain "only $count names were found"
}

test_every_check_in_the_table_of_the_readme_exists_and_none_is_missing() {
  local name names checks=$SOURCES/acceptance/src/check/on_cluster/mod.rs
  names=$(sed -nE 's/^([a-z]+(-[a-z]+)*) +passed .*/\1/p' "$SOURCES/README.md")
  for name in $names; do
    grep -qF "name: \"$name\"" "$checks" || complain "acceptance has no check $name"
  done
  while read -r name; do
    [ "$name" = chaos ] || grep -qxF "$name" <<<"$names" || complain "README's table has no $name"
  done < <(sed -nE 's/^ +name: "([a-z-]+)",/\1/p' "$checks")
}

test_no_file_has_the_marks_of_a_merge_that_was_left_half_done() {
  local found
  found=$(git -C "$SOURCES" grep -lE '^(<<<<<<<|>>>>>>>) ') || true
  [ -z "$found" ] || complain "merge these to the end: $found"
}

test_every_test_that_the_threat_model_names_exists() {
  local name count=0
  for name in $(grep -oE '`test_[a-z_]+`' "$SOURCES/docs/threat-model.md" | tr -d '`'); do
    count=$((count + 1))
    grep -rq "^$name()" "$SOURCES/deploy/tests" || complain "there is no $name"
  done
  [ "$count" -gt 0 ] || complain 'no names were found'
}

test_every_test_of_the_programs_that_the_threat_model_names_exists() {
  local name count=0
  for name in $(grep -oE '`[a-z]+(_[a-z]+){4,}`' "$SOURCES/docs/threat-model.md" | tr -d '`' | grep -v '^test_'); do
    count=$((count + 1))
    grep -rqE "fn $name\(" --include='*.rs' "$SOURCES/ops" "$SOURCES/crates" "$SOURCES/invoice-app" "$SOURCES/payment-provider" "$SOURCES/acceptance" ||
      complain "there is no test $name"
  done
  [ "$count" -gt 0 ] || complain 'no names were found'
}
