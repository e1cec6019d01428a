# shellcheck shell=bash
# .deploy/tested.json: which images passed the tests, for ./deploy.sh promote APP build TO.

# write_tested COMMIT TIME PARTS REMARK: PARTS is a JSON array, REMARK says how the images, which come from
# standard input as lines NAME REFERENCE, are what was tested.
write_tested() {
  mkdir -p "$STATE"
  jq --raw-input --slurp --arg commit "$1" --arg time "$2" --argjson parts "$3" --arg remark "$4" '
    {commit: $commit, dirty: false, time: $time, parts: $parts, remark: $remark,
     images: (split("\n") | map(select(. != "") | split(" ") | {(.[0]): .[1]}) | add)}' >"$STATE/tested.json"
}
