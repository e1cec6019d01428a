# shellcheck shell=bash
# .deploy/tested.json: which images passed the tests, for ./deploy.sh promote APP build TO.

# What ci's cluster has nothing to look at for: there is no collector of traces, and as its nodes are handed
# images there is no registry to put a second digest into. Nothing else may have been skipped there.
# shellcheck disable=SC2034 # read by whoever sources this
NOT_IN_CI='traces-arrive, promotion-and-revert'

# write_tested COMMIT TIME PARTS REMARK: PARTS is a JSON array, REMARK says how the images, which come from
# standard input as lines NAME REFERENCE, are what was tested.
write_tested() {
  mkdir -p "$STATE"
  jq --raw-input --slurp --arg commit "$1" --arg time "$2" --argjson parts "$3" --arg remark "$4" '
    {commit: $commit, dirty: false, time: $time, parts: $parts, remark: $remark,
     images: (split("\n") | map(select(. != "") | split(" ") | {(.[0]): .[1]}) | add)}' >"$STATE/tested.json"
}
