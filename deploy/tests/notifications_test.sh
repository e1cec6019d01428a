# shellcheck shell=bash
# What Argo CD's notifications and links say: their templates are filled in by kubectl, whose templates are Go's
# too, with an Application as Argo CD keeps it. A field that it does not have is an error.

TOLD=argocd/notifications/argocd-notifications-cm.yaml
LINKS=argocd/links/argocd-cm.yaml

sample() { printf '%s' "$SOURCES/deploy/tests/samples/application.yaml"; }

# filled TEMPLATE: the Application is what a template calls .app.
filled() {
  KUBECONFIG=/dev/null kubectl annotate --local --filename "$(sample)" a=b --allow-missing-template-keys=false \
    --output "go-template=$(sed -e 's/\.app\./\./g' -e 's/| toJson/| printf "%q"/' <<<"$1")" 2>/dev/null
}

# body_of TEMPLATE: the one line that is sent.
body_of() { sed -n "/^  template.$1:/,/^  [a-z]/ s/^ *\({\"text\".*\)/\1/p" "$SOURCES/$TOLD"; }

# paths PREFIX FILE: the fields that a file reads of app or of resource; two names that begin so are none.
paths() { grep -oE "(^|[^a-zA-Z-])$1(\.[a-zA-Z]+)+" "$SOURCES/$2" | grep -oE "$1\..*" | grep -vxE "app\.kubernetes\.io|resource\.links" | sort -u | sed "s/^$1//"; }

test_each_notification_is_a_sentence_about_an_application() {
  local name expected
  while IFS='|' read -r name expected; do
    [ "$(filled "$(body_of "$name")")" = "{\"text\": \"invoice-app-local$expected\"}" ] ||
      complain "$name says: $(filled "$(body_of "$name")")"
  done <<'TEXT'
sync-failed|: sync to a10807c20ffc failed: successfully synced (no more tasks)
degraded| is degraded at a10807c20ffc
deployed|: a10807c20ffc is deployed and healthy
TEXT
  if filled "$(body_of degraded | sed 's/revision/revisoin/')" >/dev/null; then complain 'a field that nobody has is filled in'; fi
}

test_conditions_and_links_read_fields_that_an_application_has() {
  local file path count=0
  for file in "$TOLD" "$LINKS"; do
    for path in $(paths app "$file"); do
      count=$((count + 1))
      filled "{{.app$path}}" >/dev/null || complain "$file: an Application has no $path"
    done
  done
  [ "$count" -ge 8 ] || complain "only $count fields were found"
  # Of a resource only what each has.
  for path in $(paths resource "$LINKS"); do
    case $path in
      .kind | .metadata.name | .metadata.namespace) ;;
      *) complain "$LINKS: not every resource has $path" ;;
    esac
  done
}

test_each_subscription_has_its_trigger_and_each_trigger_its_template() {
  local name count=0
  for name in $(sed -n 's/^ *triggers: \[\(.*\)\]/\1/p' "$SOURCES/$TOLD" | tr -d ,); do
    count=$((count + 1))
    grep -q "^  trigger.$name: " "$SOURCES/$TOLD" || complain "there is no trigger $name"
  done
  for name in $(sed -n 's/^ *send: \[\(.*\)\]/\1/p' "$SOURCES/$TOLD" | tr -d ,); do
    count=$((count + 1))
    grep -q "^  template.$name: " "$SOURCES/$TOLD" || complain "there is no template $name"
  done
  [ "$count" = 6 ] || complain "$count names were found"
}

test_the_subscription_selects_every_application() {
  local label rendered applications
  label=$(sed -n 's/^ *selector: \(.*\)=\(.*\)/\1: \2/p' "$SOURCES/$TOLD")
  rendered=$(kubectl kustomize "$SOURCES/argocd")
  # What is an Application, or makes some: its own labels, or those of its template.
  applications=$(awk -v label="$label" 'BEGIN { RS = "---\n" }
    /\nkind: Application\n/ { print index($0, "\n    " label "\n") ? "yes" : "no" }
    /\nkind: ApplicationSet\n/ { print index($0, "\n        " label "\n") ? "yes" : "no" }' <<<"$rendered")
  [ "$(sort <<<"$applications" | uniq -c | tr -s ' ')" = ' 6 yes' ] || complain "they are: $applications"
}
