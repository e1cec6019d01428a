# shellcheck shell=bash
# The certificates by which the services know each other, where no cert-manager makes them.
#
# Each set is issued by an authority of its own whose key is thrown away at once: nothing is kept
# from which another identity could be made. So that a new set loses no request, it is published in
# two runs. The first one makes it and has both sides trust its authority, the next one shows it.

CERTIFICATE_DAYS=90
RENEW_BEFORE_DAYS=30
# Longer than a kubelet takes to bring a changed Secret to its pods.
CERTIFICATE_SPREAD_SECONDS=300
DAY=86400

# A subshell, so that its folder with keys goes whatever happens.
make_certificates() (
  local work app
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  for app in "${APPS[@]}"; do
    mkdir "$work/$app"
    read_certificates "$app" "$work/$app"
  done
  case $(certificates_need "$work") in
    everything)
      issue_certificates "$work" tls
      for app in "${APPS[@]}"; do trust "$work" "$app" "$work/ca.crt"; done
      put_certificates "$work" "made, valid for $CERTIFICATE_DAYS days"
      ;;
    successor)
      keep_certificates
      issue_certificates "$work" next
      # Of those that are trusted already only the one in use: its forerunner has done its work.
      for app in "${APPS[@]}"; do
        issuer_in_use "$work/$app" >"$work/$app/issuer.crt"
        trust "$work" "$app" "$work/ca.crt" "$work/$app/issuer.crt"
      done
      put_certificates "$work" "ends soon: its successor is trusted from now on, and shown by the next ./deploy.sh after $((CERTIFICATE_SPREAD_SECONDS / 60)) minutes"
      ;;
    succession)
      keep_certificates
      for app in "${APPS[@]}"; do
        mv "$work/$app/next.crt" "$work/$app/tls.crt"
        mv "$work/$app/next.key" "$work/$app/tls.key"
      done
      put_certificates "$work" "is the successor that was trusted before"
      ;;
    nothing) keep_certificates ;;
  esac
)

# Which of the cases above it is, by what is there of both apps.
certificates_need() {
  local work=$1 app
  for app in "${APPS[@]}"; do
    is_certificate "$work/$app" tls 0 || { echo everything && return; }
  done
  trust_each_other "$work" || { echo everything && return; }
  if has_successors "$work"; then
    if successors_are_known "$work"; then echo succession; else echo nothing; fi
    return
  fi
  for app in "${APPS[@]}"; do
    is_certificate "$work/$app" tls $((RENEW_BEFORE_DAYS * DAY)) || { echo successor && return; }
  done
  echo nothing
}

# is_certificate FOLDER NAME SECONDS: it is issued by one of the authorities beside it, belongs to its
# key and is valid for that long.
is_certificate() {
  local certificate=$1/$2.crt key=$1/$2.key
  [ -s "$certificate" ] && [ -s "$key" ] && [ -s "$1/ca.crt" ] || return 1
  [ "$(openssl x509 -in "$certificate" -noout -pubkey 2>/dev/null)" = "$(openssl pkey -in "$key" -pubout 2>/dev/null)" ] || return 1
  openssl x509 -in "$certificate" -noout -checkend "$3" >/dev/null 2>&1 &&
    openssl verify -partial_chain -trusted "$1/ca.crt" "$certificate" >/dev/null 2>&1
}

trust_each_other() {
  local work=$1 one other
  for one in "${APPS[@]}"; do
    for other in "${APPS[@]}"; do
      openssl verify -partial_chain -trusted "$work/$one/ca.crt" "$work/$other/tls.crt" >/dev/null 2>&1 || return 1
    done
  done
}

has_successors() {
  local app
  for app in "${APPS[@]}"; do is_certificate "$1/$app" next 0 || return 1; done
}

# Whether every pod had the time to hear of them: they are that old.
successors_are_known() {
  local app
  for app in "${APPS[@]}"; do
    ! openssl x509 -in "$1/$app/next.crt" -noout -checkend $((CERTIFICATE_DAYS * DAY - CERTIFICATE_SPREAD_SECONDS)) >/dev/null || return 1
  done
}

# What the cluster has of it; nothing at first.
read_certificates() {
  local app=$1 folder=$2 key value
  ask --namespace "$(namespace_of "$app")" get secret "$app-tls" --ignore-not-found \
    --output "go-template={{range \$key, \$value := .data}}{{\$key}} {{\$value}}{{\"\\n\"}}{{end}}" |
    while read -r key value; do
      case $key in
        tls.crt | tls.key | ca.crt | next.crt | next.key) openssl base64 -d -A <<<"$value" >"$folder/$key" ;;
      esac
    done
}

# issue_certificates WORK NAME: NAME.crt and NAME.key for each app, and the authority's WORK/ca.crt.
issue_certificates() {
  local work=$1 name=$2 app
  authority_settings >"$work/authority.cnf"
  quietly openssl req -x509 -config "$work/authority.cnf" -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -days $((CERTIFICATE_DAYS + RENEW_BEFORE_DAYS)) -keyout "$work/ca.key" -out "$work/ca.crt"
  for app in "${APPS[@]}"; do
    certificate_settings "$app" >"$work/$app/$name.cnf"
    quietly openssl req -new -config "$work/$app/$name.cnf" -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
      -keyout "$work/$app/$name.key" -out "$work/$app/$name.csr"
    quietly openssl x509 -req -in "$work/$app/$name.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" \
      -set_serial "0x4d$(openssl rand -hex 15)" -days $CERTIFICATE_DAYS -sha256 \
      -extfile "$work/$app/$name.cnf" -extensions certificate -out "$work/$app/$name.crt"
  done
  rm "$work/ca.key"
}

# A name of its own, by which one authority is told from the next.
authority_settings() {
  cat <<TEXT
[req]
prompt = no
distinguished_name = name
x509_extensions = authority
[name]
CN = invoice-platform local $(openssl rand -hex 4)
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
TEXT
}

# The names and usages that components/cert-manager asks for elsewhere.
certificate_settings() {
  local app=$1 namespace
  namespace=$(namespace_of "$app")
  cat <<TEXT
[req]
prompt = no
distinguished_name = name
[name]
CN = $app
[certificate]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth, serverAuth
subjectAltName = DNS:$app.$namespace, DNS:$app.$namespace.svc, DNS:$app.$namespace.svc.cluster.local
TEXT
}

# trust WORK APP FILE...: those and no other authorities.
trust() {
  local work=$1 app=$2
  shift 2
  cat "$@" >"$work/trusted.crt"
  mv "$work/trusted.crt" "$work/$app/ca.crt"
}

# The one of the authorities in a folder that issued the certificate in use.
issuer_in_use() {
  local folder=$1 one
  (cd "$folder" && rm -f authority-*.pem && split_certificates authority- <ca.crt)
  for one in "$folder"/authority-*.pem; do
    if openssl verify -partial_chain -trusted "$one" "$folder/tls.crt" >/dev/null 2>&1; then cat "$one"; fi
  done
}

# split_certificates PREFIX: one file for each certificate on standard input.
split_certificates() {
  local line number=0
  while IFS= read -r line; do
    [ "$line" != '-----BEGIN CERTIFICATE-----' ] || number=$((number + 1))
    printf '%s\n' "$line" >>"$1$number.pem"
  done
}

keep_certificates() {
  local app
  for app in "${APPS[@]}"; do make_secret "$app" "$app-tls" false; done
}

put_certificates() {
  local work=$1 said=$2 app
  for app in "${APPS[@]}"; do
    certificate_secret_manifest "$app" "$work/$app" | put_secret "$app" "$app-tls"
    progress "secret $(namespace_of "$app")/$app-tls $said"
  done
}

# certificate_secret_manifest APP FOLDER
certificate_secret_manifest() {
  local app=$1 folder=$2 file
  printf '%s\n' "apiVersion: v1
kind: Secret
metadata:
  name: $app-tls
  namespace: $(namespace_of "$app")
  labels: {${OURS/=/: }, app.kubernetes.io/name: $app}
type: kubernetes.io/tls
data:"
  for file in tls.crt tls.key ca.crt next.crt next.key; do
    if [ -s "$folder/$file" ]; then printf '  %s: %s\n' "$file" "$(openssl base64 -A -in "$folder/$file")"; fi
  done
}
