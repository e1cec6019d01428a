# shellcheck shell=bash
# How openapi-tests/run comes to the tool that asks both services.

# shellcheck disable=SC2016,SC2034 # the stand-in's own words; CODE is read by refused
test_schemathesis_is_installed_by_checksums_alone() {
  has curl
  cp -R "$SOURCES/openapi-tests" "$WORLD/clone/"
  # A virtual environment whose pip writes down how it is called, and finds nothing.
  printf '#!/usr/bin/env bash\nmkdir -p "$3/bin"\nprintf '\''#!/usr/bin/env bash\necho "pip $*" >>"$WORLD/calls"\nexit 1\n'\'' >"$3/bin/pip"\nchmod +x "$3/bin/pip"\n' >"$WORLD/bin/python3"
  chmod +x "$WORLD/bin/python3"
  CODE=0
  env -i PATH="$WORLD/bin" WORLD="$WORLD" bash "$WORLD/clone/openapi-tests/run" "$WORLD" >"$WORLD/said" 2>&1 || CODE=$?
  refused
  said 'schemathesis could not be installed'
  called 'pip install .*--require-hashes --only-binary :all: .*/openapi-tests/requirements.txt'
}

test_each_requirement_has_a_checksum_and_what_is_asked_for_is_among_them() {
  local wanted names
  wanted=$(cat "$SOURCES/openapi-tests/requirements.in")
  [[ $wanted =~ ^schemathesis==[0-9.]+$ ]] || complain "asked for is: $wanted"
  # A name, and in the next line its first checksum.
  names=$(awk '/^[^ #]/ { name = $1; next } /^    --hash=sha256:[0-9a-f]+( \\)?$/ && name != "" { print name; name = "" }' "$SOURCES/openapi-tests/requirements.txt")
  [ "$names" = "$(grep -oE '^[^ #]+' "$SOURCES/openapi-tests/requirements.txt")" ] || complain "these alone have one: $names"
  grep -qxF "$wanted" <<<"$names" || complain 'requirements.txt is of another version'
  [ "$(wc -l <<<"$names")" -gt 10 ] || complain "only these were found: $names"
}
