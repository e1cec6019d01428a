# shellcheck shell=bash
# A kubeconfig for somebody of a team. Groups come with a certificate, which the cluster signs and which
# soon ends; a ServiceAccount's token would carry no group.

SIGNER=kubernetes.io/kube-apiserver-client
# The signer's least is ten minutes.
TEAM_SECONDS=3600 BREAK_GLASS_SECONDS=900
# A certificate may end this much later than was asked for, but no more.
GRACE_SECONDS=60

# give_kubeconfig TEAM [--break-glass] [--folder FOLDER] [--context NAME]: writes the file; its path alone goes to standard output.
give_kubeconfig() {
  read_kubeconfig_options "$@"
  require kubectl openssl
  PURPOSE=Access
  choose_target
  [ "$TARGET" = cluster ] || fail "a kubeconfig leads to a cluster, and no cluster is meant." "Name it: ./deploy.sh kubeconfig $TEAM --context NAME"
  local owner
  owner=$(owner_of_namespace "$TEAM")
  [ "$owner" = ours ] ||
    fail "the roles of team $TEAM are not in $CONTEXT: its namespace was not made by deploy.sh." "Deploy first: ./deploy.sh"
  local file=$FOLDER/$TEAM seconds=$TEAM_SECONDS
  if [ "$BREAK_GLASS" = yes ]; then file+=-break-glass seconds=$BREAK_GLASS_SECONDS; fi
  # Everything written from here on is this user's alone.
  umask 077
  WORK=$file.work REQUEST=invoice-platform-$TEAM-$(openssl rand -hex 4)
  trap forget_request EXIT
  rm -rf "$WORK"
  mkdir -p "$WORK"
  make_certificate "$seconds"
  kubeconfig_text >"$WORK/kubeconfig"
  mv "$WORK/kubeconfig" "$file"
  say_kubeconfig "$file"
  printf '%s\n' "$file"
}

# Sets TEAM, BREAK_GLASS, FOLDER and WANTED_CONTEXT.
read_kubeconfig_options() {
  TEAM='' BREAK_GLASS=no FOLDER=$STATE/kubeconfig
  while [ $# -gt 0 ]; do
    case $1 in
      --break-glass) BREAK_GLASS=yes ;;
      --context) [ -n "${2:-}" ] || fail "--context needs a name." "See the ones there are: kubectl config get-contexts"
        WANTED_CONTEXT=$2 && shift ;;
      --context=?*) WANTED_CONTEXT=${1#*=} ;;
      --folder) [ -n "${2:-}" ] || fail "--folder needs a folder." "Type for example: ./deploy.sh kubeconfig invoice --folder /tmp/invoice"
        FOLDER=$2 && shift ;;
      -h | --help) usage && exit 0 ;;
      -*) fail "kubeconfig has no option $1." "See the ones there are: ./deploy.sh --help" ;;
      *) [ -z "$TEAM" ] || fail "kubeconfig is for one team, not for $TEAM and $1." "Type one of them."
        TEAM=$1 ;;
    esac
    shift
  done
  [ -n "$TEAM" ] || fail "kubeconfig needs the name of a team." "Type one of: ${TENANTS[*]}"
  [[ " ${TENANTS[*]} " == *" $TEAM "* ]] || fail "there is no team $TEAM." "Type one of: ${TENANTS[*]}"
}

# The groups of a certificate are its organisations, its user is its common name.
make_certificate() {
  local seconds=$1 subject="/O=team-$TEAM"
  [ "$BREAK_GLASS" = no ] || subject+="/O=break-glass-$TEAM"
  quietly openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$WORK/key" -out "$WORK/csr" \
    -subj "$subject/CN=$(user_name)"
  request_text "$seconds" | kube create --filename - >/dev/null || fail "a certificate could not be asked for in $CONTEXT." \
    "Who asks needs the right to create and approve CertificateSigningRequests, as a cluster's administrators have."
  quietly command kubectl --context "$CONTEXT" certificate approve "$REQUEST"
  await_certificate
  if openssl x509 -in "$WORK/certificate" -noout -checkend $((seconds + GRACE_SECONDS)) >/dev/null; then
    fail "the certificate would outlast the $seconds s that were asked for, so it was thrown away." \
      "The signer $SIGNER of $CONTEXT does not heed expirationSeconds."
  fi
}

user_name() { printf '%s' "$TEAM:$(id -un)"; }

request_text() {
  cat <<YAML
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata:
  name: $REQUEST
  labels: {${OURS/=/: }}
spec:
  signerName: $SIGNER
  expirationSeconds: $1
  usages: [client auth]
  request: $(openssl base64 -A -in "$WORK/csr")
YAML
}

await_certificate() {
  local deadline=$((SECONDS + 30)) signed
  while [ $SECONDS -lt $deadline ]; do
    signed=$(kube get certificatesigningrequest "$REQUEST" --output 'jsonpath={.status.certificate}')
    if [ -n "$signed" ]; then
      openssl base64 -d -A <<<"$signed" >"$WORK/certificate"
      return
    fi
    sleep 0.2
  done
  fail "the certificate was approved, but not signed within 30 s." \
    "Nothing in $CONTEXT signs for $SIGNER, as in some managed clusters." \
    "There, have the cluster's own identity provider put people into the group team-$TEAM."
}

kubeconfig_text() {
  cat <<YAML
apiVersion: v1
kind: Config
current-context: $TEAM
contexts:
- name: $TEAM
  context: {cluster: $CONTEXT, namespace: $TEAM, user: $TEAM}
users:
- name: $TEAM
  user:
    client-certificate-data: $(openssl base64 -A -in "$WORK/certificate")
    client-key-data: $(openssl base64 -A -in "$WORK/key")
clusters:
- name: $CONTEXT
  cluster:
    server: $(context_server "$CONTEXT")
YAML
  cluster_setting certificate-authority-data
  cluster_setting insecure-skip-tls-verify
  cluster_setting proxy-url
  cluster_setting tls-server-name
}

# A line of the kubeconfig in use, if it is there.
cluster_setting() {
  local value
  value=$(command kubectl config view --raw --flatten --minify --context "$CONTEXT" --output "jsonpath={.clusters[0].cluster.$1}")
  [ -z "$value" ] || printf '    %s: %s\n' "$1" "$value"
}

say_kubeconfig() {
  local file=$1
  say "For $(user_name), group team-$TEAM$([ "$BREAK_GLASS" = no ] || printf ' and break-glass-%s' "$TEAM")," \
    "until $(openssl x509 -in "$WORK/certificate" -noout -enddate | cut -d= -f2):"
  say "  kubectl --kubeconfig $file get pods"
  [ "$BREAK_GLASS" = no ] || say "  kubectl --kubeconfig $file exec --stdin --tty POD -- COMMAND"
}

# A request that is signed has done its work; one that is not must not be signed later.
forget_request() {
  local code=$?
  kube delete certificatesigningrequest "$REQUEST" --ignore-not-found >/dev/null 2>&1 || true
  rm -rf "$WORK"
  exit $code
}
