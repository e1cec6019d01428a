# From one group's OpenAPI v3 document to one file of JSON Schema: `kinds` leads from each kind of
# $kinds to its definition, `$defs` holds whatever those refer to.

def short: sub("^#/components/schemas/"; "");

# What the server writes is never in a manifest.
def without_server_fields:
  if .["x-kubernetes-group-version-kind"] then del(.properties.status) else . end
  | if .properties.managedFields then
      del(.properties | .managedFields, .creationTimestamp, .deletionTimestamp,
          .deletionGracePeriodSeconds, .generation, .resourceVersion, .selfLink, .uid)
    else . end;

# A property may be called `description` or `default`, so only schemas are cleaned, never the map of
# properties itself.
def strict:
  if type != "object" then .
  else
    with_entries(select(.key | IN("type", "properties", "required", "items", "additionalProperties",
                                  "allOf", "oneOf", "enum", "$ref", "format")))
    | if .["$ref"] then .["$ref"] |= "#/$defs/" + short else . end
    # One reference needs no allOf around it, which is there for defaults alone.
    | if .allOf then
        (.allOf | map(strict)) as $all
        | if ($all | length) == 1 then $all[0] else .allOf = $all end
      else . end
    | if .oneOf then .oneOf |= map(strict) else . end
    | if .items then .items |= strict else . end
    | if .additionalProperties then .additionalProperties |= strict else . end
    | if .properties then
        .properties |= map_values(strict)
        | .additionalProperties = (.additionalProperties // false)
      else . end
  end;

def references: [.. | objects | .["$ref"]? | strings | ltrimstr("#/$defs/")];

def closure($all):
  (. + [.[] as $name | $all[$name] | references[]] | unique) as $more
  | if $more == . then . else $more | closure($all) end;

($apiVersion | split("/") | if length == 2 then {group: .[0], version: .[1]} else {group: "", version: .[0]} end) as $api
| .components.schemas
| . as $served
| (to_entries
   | map(select(any(.value["x-kubernetes-group-version-kind"][]?;
                    .group == $api.group and .version == $api.version and (.kind | IN($kinds[]))))
         | {key: .value["x-kubernetes-group-version-kind"][0].kind, value: .key})
   | from_entries) as $roots
| (($kinds - ($roots | keys)) as $missing
   | if $missing != [] then error("the server does not serve \($apiVersion) \($missing | join(", "))") else . end)
| map_values(without_server_fields | strict)
| reduce ($roots | to_entries[]) as $root (.;
    .[$root.value] |= (.properties.apiVersion = {enum: [$apiVersion]}
                       | .properties.kind = {enum: [$root.key]}
                       | .required = ((.required // []) + ["apiVersion", "kind", "metadata"] | unique)))
| . as $all
| {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$comment": "Written by refresh.sh from Kubernetes \($kubernetes).",
    apiVersion: $apiVersion,
    kinds: $roots,
    "$defs": ([$roots[]] | closure($all) | map({key: ., value: $all[.]}) | from_entries)
  }
