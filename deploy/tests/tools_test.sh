# shellcheck shell=bash
# Missing tools are named with the way to get them.

test_missing_cargo_is_named() {
  has curl
  deploy --local
  refused
  said 'cargo is missing.'
  said 'https://rustup.rs'
}

test_missing_curl_is_named() {
  deploy --local
  refused
  said 'curl is missing.'
}

test_missing_kind_is_named() {
  has_everything_for_a_cluster
  current_context kind-kind
  deploy
  refused
  said 'kind is missing.'
  said 'https://kind.sigs.k8s.io'
}

test_a_machine_without_any_engine_is_told_which_there_are() {
  has cargo rustc curl kubectl docker
  : >"$WORLD/docker-has-no-engine"
  current_context testbed
  REGISTRY=localhost:5000 deploy
  refused
  said 'no container engine answers'
  said 'apt-get install buildah'
}

test_a_missing_registry_is_named_where_one_is_needed() {
  has_everything_for_a_cluster
  current_context testbed
  deploy
  refused
  said 'REGISTRY is not set'
  said 'REGISTRY=localhost:5000 ./deploy.sh'
}

test_help_teaches_without_calling_anything() {
  has kubectl
  deploy --help
  succeeded
  said './deploy.sh --down'
  never_called .
}

test_an_unknown_option_is_refused() {
  deploy --donw
  refused
  said 'there is no option --donw'
}

# shellcheck disable=SC2016,SC2034 # the inner shell's words; CODE is read by succeeded and refused
# build AUDITABLE: as ci's job cluster does before it tests.
build() {
  CODE=0
  env -i PATH="$WORLD/bin" HOME="$WORLD" WORLD="$WORLD" AUDITABLE="$1" ROOT="$WORLD/clone" \
    bash -euo pipefail -c 'for part in say require build; do . "$ROOT/deploy/$part.sh"; done; build_programs' >"$WORLD/said" 2>&1 </dev/null || CODE=$?
}

test_programs_carry_the_list_of_their_crates_where_that_is_asked_for() {
  has cargo
  build no
  succeeded
  called 'cargo build --release --locked'
  build yes
  refused
  said 'cargo-auditable is missing'
  cp "$WORLD/bin/cargo" "$WORLD/bin/cargo-auditable"
  build yes
  succeeded
  called 'cargo auditable build --release --locked'
}
