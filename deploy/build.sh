# shellcheck shell=bash
# The programs, built once with the flags that the tests use too.

# cargo and rustup read their settings in the folder they are called from, wherever the manifest is.
in_root() { (cd "$ROOT" && "$@"); }

# With AUDITABLE=yes each carries the list of its crates, for whoever scans it later; a static program keeps
# no other trace of them.
build_programs() {
  have cargo || fail "cargo is missing." "$(way_to_get cargo)"
  local with=()
  if [ "${AUDITABLE:-no}" = yes ]; then require cargo-auditable && with=(auditable); fi
  say_first_build
  in_root cargo ${with[@]+"${with[@]}"} build --release --locked || fail "the programs do not compile; see above."
}

# Later builds compile what changed.
say_first_build() {
  [ -e "$(program_path invoice-app)" ] || progress "the first build compiles every dependency: it takes some minutes, later ones seconds"
}

# The folder of the binaries; .cargo/config.toml names the host's target, and so does the path.
release_folder() {
  local triple
  triple=$(in_root rustc -vV | sed -n 's/^host: //p')
  printf '%s' "${CARGO_TARGET_DIR:-$ROOT/target}/$triple/release"
}

program_path() { printf '%s/%s' "$(release_folder)" "$1"; }
