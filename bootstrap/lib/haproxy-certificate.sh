# shellcheck shell=bash
# effect: HAPROXY_CERTIFICATE keep_certificate make_certificate: reload: HAProxy speaks TLS with another certificate; open
#   sessions stay in the old process until hard-stop-after
# effect: HAPROXY_CERTIFICATE_NAME: reload: a host that has a certificate of its own makes another, and HAProxy is reloaded;
#   one that somebody has brought stays
#
# The certificate that HAProxy shows to callers of the API and of Grafana. It is the operator's to bring; until it is there,
# this host has one of its own, which no browser trusts, so that no password ever travels in plain text.

# By which a certificate of ours is known.
readonly CERTIFICATE_ISSUER='dojot load balancer (self-signed)'
# Days. Nobody trusts it anyhow, so it need not be short; five years are longer than any release of HAProxy lives.
readonly OWN_CERTIFICATE_DAYS=1825 CERTIFICATE_LATE=30

# keep_certificate: before HAProxy is asked to read it.
keep_certificate() {
  local path=${OPTION[root]-}$HAPROXY_CERTIFICATE
  [[ -n $HAPROXY_CERTIFICATE ]] || return 0
  if [[ ! -e $path ]]; then
    owing haproxy make_certificate 'which no browser trusts: put yours there'
  elif is_own_certificate "$path" && ! serves "$path"; then
    owing haproxy make_certificate 'in place of its own, which ends or is for another name'
  elif [[ $(stat -c %a -- "$path") != 600 ]]; then
    change "let nobody but root read $path, which holds a key" chmod 0600 -- "$path"
  else
    report skipped "$path is there"
  fi
}

# Is there none yet that a HAProxy could read?
certificate_to_come() {
  [[ -n $HAPROXY_CERTIFICATE && ! -e ${OPTION[root]-}$HAPROXY_CERTIFICATE ]]
}

is_own_certificate() {
  [[ $(openssl x509 -noout -issuer -nameopt RFC2253 -in "$1" 2>/dev/null || true) == "issuer=O=$CERTIFICATE_ISSUER" ]]
}

# serves FILE: for a while yet, and for what clients call this host.
serves() {
  local name kind
  openssl x509 -noout -checkend "$((86400 * CERTIFICATE_LATE))" -in "$1" >/dev/null || return 1
  while IFS=: read -r kind name; do
    case $kind in
      IP) openssl x509 -noout -checkip "$name" -in "$1" ;;
      *) openssl x509 -noout -checkhost "$name" -in "$1" ;;
    esac | grep -q ' does match ' || return 1
  done < <(names_of_this_host)
}

# KIND:NAME, a line each, as a certificate states them.
names_of_this_host() {
  if [[ $HAPROXY_CERTIFICATE_NAME =~ ^[0-9.]+$ ]]; then
    printf 'IP:%s\n' "$HAPROXY_CERTIFICATE_NAME"
  else
    printf 'DNS:%s\n' "$HAPROXY_CERTIFICATE_NAME"
  fi
  printf 'IP:%s\n' "$(self address)" ${SHARED_ADDRESS:+"$SHARED_ADDRESS"} | sort --unique
}

# make_certificate WHY
make_certificate() {
  file_changes
  change "make $HAPROXY_CERTIFICATE, $1" write_own_certificate "${OPTION[root]-}$HAPROXY_CERTIFICATE"
}

# The key and its certificate in one file, as HAProxy wants them; nobody else ever reads any of it.
write_own_certificate() {
  local whole='' secret=''
  mkdir -p -- "${1%/*}"
  scratch whole "${1%/*}/.${1##*/}.XXXXXX"
  scratch secret "${1%/*}/.${1##*/}.key.XXXXXX"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days "$OWN_CERTIFICATE_DAYS" \
    -subj "/O=$CERTIFICATE_ISSUER" -addext "subjectAltName=$(names_of_this_host | paste -sd ,)" \
    -keyout "$secret" -out "$whole"
  cat -- "$secret" >>"$whole"
  mv --force -- "$whole" "$1"
}
