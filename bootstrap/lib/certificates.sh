# shellcheck shell=bash
# effect: looks: time alone is a reason to look
#
# When certificates of this host end.

readonly KUBELET_CERTIFICATE=/var/lib/kubelet/pki/kubelet-client-current.pem
# Days: of a certificate of one year the kubelet asks for the next one when 70 to 90 % of it have passed.
readonly KUBELET_LATE=30

# certificate_of PATH: of a kubeconfig, the one in it; else the file.
certificate_of() {
  if [[ $1 == *.conf ]]; then
    sed -n 's/^ *client-certificate-data: //p' -- "$1" | base64 --decode
  else
    cat -- "$1"
  fi
}

# certificate_end PATH: in seconds since 1970.
certificate_end() {
  local said
  said=$(certificate_of "$1" | openssl x509 -noout -enddate) || fail "$1 holds no certificate"
  date --utc --date="${said#*=}" +%s
}

# days_until SECONDS
days_until() {
  printf 'on %s (%s days)' "$(date --utc --date="@$1" +%Y-%m-%d)" "$((($1 - $(date +%s)) / 86400))"
}

# The kubelet renews its own: one that is late has not been able to.
look_at_kubelet_certificate() {
  local ends
  [[ -e $KUBELET_CERTIFICATE ]] || return 0
  ends=$(certificate_end "$KUBELET_CERTIFICATE")
  (($(date +%s) + 86400 * KUBELET_LATE <= ends)) ||
    fail "the kubelet has not renewed its own certificate, which ends $(days_until "$ends"): see journalctl -u kubelet, and kubectl get certificatesigningrequests"
  report ok "$KUBELET_CERTIFICATE ends $(days_until "$ends"); the kubelet renews it"
}
