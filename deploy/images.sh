# shellcheck shell=bash
# One image for each program, proven small and proven not to be root's before it goes anywhere.

IMAGES=(payment-provider invoice-app probe)
LARGEST_IMAGE=15000000

# A host that no registry answers at: such an image is only ever found where it was loaded.
local_image() { printf 'invoice-platform.example/%s:local' "$1"; }

# A program for Linux can be packaged as it is; anywhere else the container compiles it.
can_package_host_build() { [ "$(uname -s)" = Linux ] && have cargo; }

build_images() {
  local program
  for program in "${IMAGES[@]}"; do
    if can_package_host_build; then package_program "$program"; else compile_program "$program"; fi
    check_image "$program"
  done
}

# The program stays in .deploy/programs: main's workflow publishes the ones that its tests ran.
package_program() {
  local context=$STATE/images/$1
  mkdir -p "$context" "$STATE/programs"
  cp "$(program_path "$1")" "$context/program"
  chmod 755 "$context/program"
  touch -d @0 "$context/program"
  engine_build "$(local_image "$1")" "$context" PROGRAM="$1" BINARY=prebuilt
  mv "$context/program" "$STATE/programs/$1"
  rm -rf "$context"
}

compile_program() {
  progress "$1 compiles in a container, which takes minutes the first time"
  engine_build "$(local_image "$1")" "$ROOT" PROGRAM="$1" BINARY=compile
}

check_image() {
  local image user size
  image=$(local_image "$1")
  user=$(engine_user_of "$image")
  [[ $user =~ ^[1-9][0-9]*(:[1-9][0-9]*)?$ ]] ||
    fail "the image of $1 would run as user '$user', and runAsNonRoot accepts only a number that is not 0." "Mend USER in Dockerfile."
  size=$(engine_size_of "$image")
  [ "$size" -le "$LARGEST_IMAGE" ] ||
    fail "the image of $1 has $size bytes, more than the $LARGEST_IMAGE that are allowed." "See what made it grow: cargo tree --package $1 --edges normal"
  progress "$(printf '%-17s %5d kB, user %s (numeric, not root)' "$1" $((size / 1000)) "$user")"
}
