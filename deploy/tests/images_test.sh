# shellcheck shell=bash
# Who builds the images, and what is proven of them.

deploy_to_testbed() {
  current_context testbed
  REGISTRY=localhost:5000 deploy
}

test_a_docker_client_without_an_engine_falls_through_to_buildah() {
  has cargo rustc curl kubectl docker buildah
  : >"$WORLD/docker-has-no-engine"
  deploy_to_testbed
  succeeded
  said 'docker is installed but does not answer'
  called 'buildah build .* --build-arg PROGRAM=invoice-app --build-arg BINARY=prebuilt .*'
  never_called '^docker (build|push|save)'
}

test_docker_is_preferred_when_its_engine_answers() {
  has cargo rustc curl kubectl docker buildah
  deploy_to_testbed
  succeeded
  called 'docker build .* --build-arg PROGRAM=probe --build-arg BINARY=prebuilt .*'
  never_called '^buildah build'
}

test_without_cargo_the_container_compiles() {
  has curl kubectl podman
  deploy_to_testbed
  never_called '^cargo'
  called 'podman build .* --build-arg PROGRAM=invoice-app --build-arg BINARY=compile .*/clone'
}

test_the_programs_are_built_once_and_for_all_images() {
  has_everything_for_a_cluster
  deploy_to_testbed
  succeeded
  [ "$(grep -c '^cargo build --release --locked' "$WORLD/calls")" = 1 ] || complain 'it did not build once'
}

test_an_image_of_root_is_refused_before_it_is_delivered() {
  local user
  for user in '' root 0 0:0 nobody 65532:0; do
    : >"$WORLD/calls"
    has_everything_for_a_cluster
    given user "$user"
    deploy_to_testbed
    refused
    said "would run as user '$user'"
    never_called '^buildah push'
  done
}

test_an_image_that_is_too_large_is_refused() {
  has_everything_for_a_cluster
  given size 15000001
  deploy_to_testbed
  refused
  said 'has 15000001 bytes'
}
