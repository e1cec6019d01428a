# shellcheck shell=bash
# .deploy/tested.json: which images passed the tests, for ./deploy.sh promote APP build TO.

# write_tested COMMIT: lines NAME REFERENCE come from standard input.
write_tested() {
  mkdir -p "$STATE"
  jq --raw-input --slurp --arg commit "$1" --arg time "$(date --utc +%Y-%m-%dT%H:%M:%SZ)" '
    {commit: $commit, dirty: false, time: $time, parts: ["all"],
     images: (split("\n") | map(select(. != "") | split(" ") | {(.[0]): .[1]}) | add)}' >"$STATE/tested.json"
}
