# shellcheck shell=bash
# help: join as another control plane, with an API server and a member of etcd; of one that runs, its changed configuration
# where: every other control plane, one after the other, or the first that was lost and made anew
# after: join-key
# options: --node --key-file --kubeconfig --dry-run
# only if: OTHER_CONTROL_PLANES has rows (several nodes of group: control-plane)
# worked: the last line is `ok: node … is Ready`
# effect: nothing: a control plane that runs stays
# effect: KUBEADM_JOIN_CONTROL_PLANE: person: one that has joined keeps what it joined with: remove, join anew
#
# What its API server needs beside kubeadm's certificates, the key of Secrets, comes by the file of join-key.

step_join_control_plane() {
  need_root
  need_running_system
  identify
  need_role control-plane
  if [[ -z $KUBEADM_JOIN_CONTROL_PLANE ]]; then
    refuse "$CLUSTER_NAME has one control plane, $(self name), which joins nobody: bootstrap.sh control-plane"
    return 0
  fi
  keep_api_server_files
  if [[ -e $ADMIN_CONF || -e $ETCD_DATA ]]; then
    need_finished_join || return 0
  else
    write_file "$AUDIT_POLICY_FILE" 0600 "$AUDIT_POLICY"
    change "join as a control plane of $CLUSTER_NAME, with etcd" join_control_plane
    note_kubeadm_config
    take_kubelet_config joined
  fi
  remove_join_file "$(option key-file)"
  write_hosts
  write_kubeconfig
  need_cluster
  renew_control_plane
  take_kubelet_config
  wait_for_control_plane
}

# What comes last is noted: a join that broke off leaves a member of etcd that never began.
need_finished_join() {
  if [[ -e $KUBEADM_CONFIG_APPLIED ]]; then
    report skipped "$(self name) is a control plane of $CLUSTER_NAME"
    return 0
  fi
  refuse "an earlier kubeadm join did not finish (journalctl -u kubelet says why). On this host: bootstrap.sh remove, then node; on another control plane: bootstrap.sh join-key --lost $(self name); then this step again"
  return 1
}

join_control_plane() {
  local -
  set +x
  read_join_file "$(option key-file)" join-key
  [[ ${JOIN[certificate-key]-} =~ ^[0-9a-f]{64}$ && -n ${JOIN[encryption]-} ]] ||
    fail "$(option key-file) is not what the step join-key writes: make a new one"
  take_encryption
  run_kubeadm_join "$KUBEADM_JOIN_CONTROL_PLANE" ||
    fail "kubeadm join did not finish, see above. On this host: bootstrap.sh remove, then node; on another control plane: bootstrap.sh join-key --lost $(self name); then this step again"
}

# All API servers read what any of them has written: the key is one and the same.
take_encryption() {
  local temporary=''
  mkdir -p -- "${ENCRYPTION_FILE%/*}"
  scratch temporary "${ENCRYPTION_FILE%/*}/.${ENCRYPTION_FILE##*/}.XXXXXX"
  base64 --decode <<<"${JOIN[encryption]}" >"$temporary"
  grep -q -- '^kind: EncryptionConfiguration$' "$temporary" ||
    fail "$(option key-file) holds no key of Secrets: make a new one with the step join-key"
  mv --force -- "$temporary" "$ENCRYPTION_FILE"
}
