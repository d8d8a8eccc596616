# shellcheck shell=bash
# help: write all that another control plane joins with to a file (0600): a short-lived token, the hash of the CA, the key
#   to the certificates and that of Secrets
# where: control plane, or any other that has joined
# after: control-plane
# options: --node --key-file --kubeconfig --yes --dry-run
# option: --lost NAME: this control plane has lost its disk: first its node, and its member of etcd, go
# only if: OTHER_CONTROL_PLANES has rows (several nodes of group: control-plane)
# hands over: --key-file to every other control plane
# needed by: join-control-plane
# worked: `{key-file}` exists, mode 0600
# effect: nothing: only a control plane that joins needs it
#
# A file of its own: whoever has it can read every certificate and Secret of the cluster, which is no worker's business.

step_join_key() {
  need_root
  need_running_system
  identify
  need_role control-plane
  need_cluster
  [[ -z $(option lost) ]] || forget_control_plane "$(option lost)"
  change "write $(option key-file) (0600): a join token that lives $JOIN_TOKEN_TTL, and the keys of the control plane" write_key_file
}

# forget_control_plane NAME: etcd lets nobody join while a member does not answer.
forget_control_plane() {
  local name=$1 address='' role='' id='' known=''
  columns "$(rows "$name" "${NODES[@]}")" _ address role _
  [[ $role == control-plane && $name != "$(self name)" ]] || fail "the inventory of $CLUSTER_NAME has no control plane $name beside $(self name), but: $(other_control_planes | paste -sd ' ')"
  if ! cluster_known; then
    report would "take the control plane $name out of the cluster"
    return 0
  fi
  if etcd_well "$(self name)" | grep -qxF -- "$address"; then
    refuse "the member of etcd on $name is well, so nothing is lost there. To take it out of the cluster: bootstrap.sh remove on $name"
    return 0
  fi
  id=$(etcd_members "$(self name)" | awk -v address="$address" '$2 == address { print $1 }')
  known=$(kube get node "$name" --ignore-not-found --output=name)
  if [[ -z $id$known ]]; then
    report skipped "nothing in the cluster is of $name"
    return 0
  fi
  need_word "The control plane $name is lost for $CLUSTER_NAME: its member of etcd and its node go, and it joins anew."
  [[ -z $id ]] || change "take $name out of etcd" etcdctl_on "$(self name)" member remove "$id"
  [[ -z $known ]] || change "delete the node $name" kube delete node "$name"
}

write_key_file() {
  local - token hash key path temporary='' config=''
  set +x
  path=$(option key-file)
  hash=$(ca_hash "$KUBERNETES_FOLDER/pki/ca.crt")
  kubeadm_config config
  # Into a Secret that lives two hours; kubeadm makes the key that it is encrypted with, and prints it.
  key=$(kubeadm init phase upload-certs --upload-certs --config="$config" | grep -xE '[0-9a-f]{64}' || true)
  [[ $key =~ ^[0-9a-f]{64}$ ]] || fail 'kubeadm init phase upload-certs did not say with which key it has encrypted them'
  token=$(create_join_token)
  scratch temporary "$path.XXXXXX"
  printf '%s\n' "token $token" "ca-hash $hash" "certificate-key $key" \
    "encryption $(base64 --wrap=0 -- "$ENCRYPTION_FILE")" >"$temporary"
  mv --force -- "$temporary" "$path"
}
