# shellcheck shell=bash
# The certificates of a local cluster: made once, followed by others in two runs, never in one.

# The functions themselves, on a cluster that is a folder: a file for each Secret, a line for each key.
certificates() {
  mkdir -p "$WORLD/secrets"
  (
    # shellcheck disable=SC2034 # what the parts of deploy.sh read
    STATE=$WORLD/state CONTEXT=here SEALED_SECRETS=''
    for part in say target tenants secrets certificates; do
      # shellcheck source=/dev/null
      . "$WORLD/clone/deploy/$part.sh"
    done
    # shellcheck disable=SC2317 # they call it
    kube() {
      local manifest name
      case $* in
        *'get secret'*go-template*) cat "$WORLD/secrets/${5:-}" 2>/dev/null || true ;;
        *'get secret'*) if [ -e "$WORLD/secrets/${5:-}" ]; then echo "secret/$5"; fi ;;
        'create --filename -' | 'replace --filename -')
          manifest=$(cat)
          printf '%s\n' "$manifest" >"$WORLD/manifest"
          name=$(sed -n 's/^  name: //p' <<<"$manifest")
          sed -n '/^data:/,$ s/^  \([a-z.]*\): \(.*\)/\1 \2/p' <<<"$manifest" >"$WORLD/secrets/$name"
          ;;
      esac
    }
    "$@"
  ) >"$WORLD/said" 2>&1 </dev/null
}

# part APP KEY: what its Secret holds under that key.
part() { sed -n "s/^$2 //p" "$WORLD/secrets/$1-tls" | openssl base64 -d -A; }

serial() { part "$1" "$2" | openssl x509 -noout -serial; }

# trusts APP OTHER KEY: the one has an authority that issued the other's certificate.
trusts() {
  part "$1" ca.crt >"$WORLD/ca"
  part "$2" "$3" | openssl verify -partial_chain -trusted "$WORLD/ca" >/dev/null 2>&1
}

both_trust_each_other() {
  trusts invoice-app payment-provider tls.crt || complain 'invoice-app does not trust payment-provider'
  trusts payment-provider invoice-app tls.crt || complain 'payment-provider does not trust invoice-app'
}

test_both_sides_get_a_certificate_that_the_other_trusts() {
  certificates make_certificates
  both_trust_each_other
  local app
  for app in invoice-app payment-provider; do
    [ "$(part "$app" tls.crt | openssl x509 -noout -pubkey)" = "$(part "$app" tls.key | openssl pkey -pubout)" ] ||
      complain "the key of $app is another one's"
  done
  part invoice-app tls.crt | openssl x509 -noout -text | grep -q 'DNS:invoice-app.invoice.svc,' || complain 'invoice-app is not called so'
  part payment-provider tls.crt | openssl x509 -noout -text | grep -q 'DNS:payment-provider.payments,' || complain 'payment-provider is not called so'
  grep -q '^type: kubernetes.io/tls$' "$WORLD/manifest" || complain 'it is not of the type that cert-manager makes'
}

test_what_is_there_and_lasts_is_left_alone() {
  certificates make_certificates
  cp -R "$WORLD/secrets" "$WORLD/before"
  certificates make_certificates
  cmp "$WORLD/before/invoice-app-tls" "$WORLD/secrets/invoice-app-tls"
  cmp "$WORLD/before/payment-provider-tls" "$WORLD/secrets/payment-provider-tls"
  said 'invoice/invoice-app-tls unchanged'
}

# A run in which certificates are made for less time than is left unused.
# shellcheck disable=SC2034 # the functions read it
short() { CERTIFICATE_DAYS=29 && make_certificates; }

# A run in which everybody has heard of everything at once.
# shellcheck disable=SC2034 # the functions read it
known() { CERTIFICATE_SPREAD_SECONDS=-1 && make_certificates; }

test_a_successor_is_trusted_by_both_before_it_is_shown() {
  certificates short
  local first
  first=$(serial invoice-app tls.crt)
  certificates make_certificates
  said 'its successor is trusted from now on'
  [ "$(serial invoice-app tls.crt)" = "$first" ] || complain 'the successor is shown at once'
  both_trust_each_other
  trusts payment-provider invoice-app next.crt || complain 'the successor is not trusted yet'
  trusts invoice-app payment-provider next.crt || complain 'the successor is not trusted yet'

  certificates make_certificates
  [ "$(serial invoice-app tls.crt)" = "$first" ] || complain 'the successor is shown before all know it'

  part invoice-app tls.crt >"$WORLD/first.crt"
  local next
  next=$(serial invoice-app next.crt)
  certificates known
  [ "$(serial invoice-app tls.crt)" = "$next" ] || complain 'the successor is not shown'
  [ -z "$(part invoice-app next.crt)" ] || complain 'the successor is kept as a successor of itself'
  both_trust_each_other
  part payment-provider ca.crt >"$WORLD/ca"
  openssl verify -partial_chain -trusted "$WORLD/ca" "$WORLD/first.crt" >/dev/null 2>&1 ||
    complain 'who still shows the first one is refused'
}

test_an_authority_is_forgotten_with_the_second_successor() {
  certificates short
  certificates short
  certificates known
  certificates short
  part payment-provider ca.crt >"$WORLD/ca"
  local count
  count=$(grep -c BEGIN "$WORLD/ca")
  [ "$count" = 2 ] || complain "$count authorities are trusted"
}

test_half_a_pair_is_made_anew_as_a_pair() {
  certificates make_certificates
  rm "$WORLD/secrets/payment-provider-tls"
  certificates make_certificates
  both_trust_each_other
}

test_certificates_of_strangers_to_each_other_are_made_anew() {
  certificates make_certificates
  cp "$WORLD/secrets/invoice-app-tls" "$WORLD/kept"
  rm -r "$WORLD/secrets"
  certificates make_certificates
  cp "$WORLD/kept" "$WORLD/secrets/invoice-app-tls"
  ! trusts payment-provider invoice-app tls.crt || complain 'the test shows nothing: they are no strangers'
  certificates make_certificates
  both_trust_each_other
}

test_no_key_of_an_authority_and_no_key_at_all_is_left_on_this_machine() {
  mkdir "$WORLD/temporary"
  TMPDIR=$WORLD/temporary certificates make_certificates
  [ -z "$(ls -A "$WORLD/temporary")" ] || complain "left: $(ls -A "$WORLD/temporary")"
  ! grep -rlE '^-----BEGIN [A-Z ]*PRIVATE' "$WORLD" || complain 'a key lies about'
  [ "$(cut -d ' ' -f 1 "$WORLD/secrets/invoice-app-tls" | tr '\n' ' ')" = 'tls.crt tls.key ca.crt ' ] || complain 'the Secret holds more'
}
