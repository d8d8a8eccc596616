# shellcheck shell=bash
# help: renew the certificates of the control plane, which end a year after they were made, and start it anew with them
# where: every control plane
# after: nothing
# occasion: when the alert CertificateExpiring fires, or once a year
# options: --node --dry-run
# option: --within DAYS=60: renew all of them where one ends within so many days
# worked: `ok: the API server shows its new certificate`; a second run says only `ok` and `skipped`
# effect: looks: time alone is a reason to run it
#
# Also where they have ended and no API server answers any more: all that it needs is on this host. The kubelet renews its
# own, and kubeadm renews no CA: those live for ten years.

step_certificates() {
  local within path due='' ends now
  need_root
  need_running_system
  identify
  need_role control-plane
  within=$(option within)
  [[ $within =~ ^[0-9]{1,4}$ ]] || usage_error "--within wants a number of days, not $within"
  if [[ ! -e $ADMIN_CONF ]]; then
    refuse "this host has no control plane: there is no $ADMIN_CONF"
    return 0
  fi
  now=$(date +%s)
  for path in $(renewed_certificates); do
    ends=$(certificate_end "$path")
    report ok "$path ends $(days_until "$ends")"
    ((ends >= now + 86400 * within)) || due=yes
  done
  if [[ -n $due ]]; then
    owe_kubeconfig
    for path in "${STATIC_PODS[@]}"; do
      owe "$path"
    done
    change 'kubeadm certs renew all' renew_certificates
  else
    report skipped "none ends within $within days"
  fi
  renew_kubeconfig
  if pods_are_owed; then
    renew_owed_pods
    await 'the API server shows its new certificate' shows_certificate 6443 "$KUBERNETES_FOLDER/pki/apiserver.crt"
    await 'etcd shows its new certificate' shows_certificate 2379 "$KUBERNETES_FOLDER/pki/etcd/server.crt"
    await 'the API server takes the new certificate of the administrator' api_server_answers
  fi
  look_at_lasting_certificates "$within"
}

# Those of `kubeadm certs renew all` that are here: which there are depends on the release.
renewed_certificates() {
  local path
  for path in "$KUBERNETES_FOLDER"/pki/*.crt "$KUBERNETES_FOLDER"/pki/etcd/*.crt "$KUBERNETES_FOLDER"/*.conf; do
    if [[ $path != *ca.crt && $path != "$KUBELET_CONF" && -e $path ]]; then
      printf '%s\n' "$path"
    fi
  done
}

# Before 1.20 it is not settled where the command belongs.
renew_certificates() {
  local command=(kubeadm certs)
  if ! kubeadm certs --help >/dev/null 2>&1; then
    command=(kubeadm alpha certs)
  fi
  "${command[@]}" renew all
}

# shows_certificate PORT PATH: of a server on this host that starts.
shows_certificate() {
  local attempt shown wanted
  wanted=$(openssl x509 -noout -fingerprint -sha256 -in "$2")
  for ((attempt = 1; attempt <= API_ATTEMPTS; attempt++)); do
    shown=$(openssl s_client -connect "$(self address):$1" </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256 2>/dev/null || true)
    [[ $shown != "$wanted" ]] || return 0
    sleep 5
  done
  fail "port $1 of $(self address) does not show the certificate of $2: look at $(list_containers), then run this step again"
}

# look_at_lasting_certificates DAYS: CAs, and the kubelet's own.
look_at_lasting_certificates() {
  local path ends now
  now=$(date +%s)
  for path in "$KUBERNETES_FOLDER"/pki/*ca.crt "$KUBERNETES_FOLDER"/pki/etcd/ca.crt; do
    ends=$(certificate_end "$path")
    ((ends >= now + 86400 * $1)) ||
      fail "$path ends $(days_until "$ends"), and with it all that it has signed; kubeadm renews no CA: kubernetes.io/docs/tasks/tls/manual-rotation-of-ca-certificates"
    report ok "$path ends $(days_until "$ends")"
  done
  look_at_kubelet_certificate
}
