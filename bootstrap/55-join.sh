# shellcheck shell=bash
# Joining: a token for this round only, with the hash of the cluster's CA, in a file
# that only root reads; deleted in the cluster when the round is over.

JOIN_FILE=/run/dojot-join
JOIN_DESCRIPTION='dojot bootstrap: join'

join_file() {
  local given
  given=$(option join-file)
  printf '%s' "${given:-$JOIN_FILE}"
}

step_join_token() {
  need_root
  need_running_system
  identify
  need_role control-plane
  need_cluster
  change "write $(join_file) (0600): a join token that lives $JOIN_TOKEN_TTL" write_join_file
}

write_join_file() {
  local - token hash path temporary=''
  set +x
  path=$(join_file)
  hash=$(ca_hash /etc/kubernetes/pki/ca.crt)
  token=$(kubeadm token create --kubeconfig="$(kubeconfig)" --ttl="$JOIN_TOKEN_TTL" \
    --description="$JOIN_DESCRIPTION")
  scratch temporary "$path.XXXXXX"
  printf 'token %s\nca-hash %s\n' "$token" "$hash" >"$temporary"
  mv --force -- "$temporary" "$path"
}

# ca_hash CERTIFICATE: sha256:... of its public key, as kubeadm pins it.
ca_hash() {
  local digest
  digest=$(openssl x509 -pubkey -noout -in "$1" |
    openssl pkey -pubin -outform der | openssl dgst -sha256 -hex)
  printf 'sha256:%s' "${digest##* }"
}

step_worker() {
  need_root
  need_running_system
  identify
  need_role worker
  if [[ -e $KUBELET_CONF ]]; then
    need_member
  else
    change "join $(self name) with label $GROUP_LABEL=$(self label)" join_cluster
  fi
  remove_join_file
}

# A node that was deleted from the cluster keeps its files. Where the cluster does not say, they count.
need_member() {
  local found name
  name=$(self name)
  if ! found=$(kubectl --kubeconfig="$KUBELET_CONF" --request-timeout=10s get node "$name" --ignore-not-found --output=name 2>/dev/null); then
    report skipped "$name has joined the cluster (which does not say now whether it has it still)"
  elif [[ -n $found ]]; then
    report skipped "$name has joined the cluster"
  else
    refuse "$name has joined once, but the cluster has no such node any more: \"systemctl restart kubelet\" registers it again as it was; to join anew, run \"kubeadm reset\" on this worker and then this step"
  fi
}

# Also where an earlier run was killed before it came to this.
remove_join_file() {
  if [[ -e $(join_file) ]]; then
    change "remove $(join_file)" rm -f -- "$(join_file)"
  else
    report skipped "$(join_file) does not exist"
  fi
}

join_cluster() {
  local - path token='' hash='' word rest config='' text
  set +x
  path=$(join_file)
  [[ -r $path ]] || fail "there is no $path: copy it from the control-plane node, which makes it with the step join-token"
  while read -r word rest; do
    case $word in
      token) token=$rest ;;
      ca-hash) hash=$rest ;;
    esac
  done <"$path"
  [[ $token =~ ^[a-z0-9]{6}\.[a-z0-9]{16}$ && $hash =~ ^sha256:[0-9a-f]{64}$ ]] ||
    fail "$path is not what the step join-token writes: make a new one"
  text=${KUBEADM_JOIN//@NODE@/$(self name)}
  text=${text//@ADDRESS@/$(self address)}
  text=${text//@LABEL@/$(self label)}
  text=${text//@TOKEN@/$token}
  text=${text//@CA_HASH@/$hash}
  scratch config "${TMPDIR:-/tmp}/dojot-join.XXXXXX"
  printf '%s' "$text" >"$config"
  kubeadm join --config="$config" ||
    fail "kubeadm join did not finish, see above. If it says that an earlier attempt left files behind, run \"kubeadm reset\" on this worker and then this step again"
}

step_join_done() {
  need_root
  need_cluster
  local tokens='' encoded name
  if cluster_known; then
    # A token's name is its public half; its description finds ours.
    encoded=$(printf '%s' "$JOIN_DESCRIPTION" | base64 --wrap=0)
    tokens=$(kube --namespace=kube-system get secrets --field-selector=type=bootstrap.kubernetes.io/token \
      --output=go-template="{{range .items}}{{if eq (printf \"%v\" .data.description) \"$encoded\"}}{{println .metadata.name}}{{end}}{{end}}")
  fi
  for name in $tokens; do
    change "delete the join token ${name#bootstrap-token-}" \
      kube --namespace=kube-system delete secret "$name"
  done
  [[ -n $tokens ]] || report skipped 'no join token is left'
  remove_join_file
}
