# shellcheck shell=bash
# help: join the cluster, registering with the label of the group
# where: every worker
# after: join-token
# options: --node --join-file --dry-run
# guide: the join script, and labels put on afterwards
# worked: `done: join … with label …`
# effect: nothing: a node that has joined stays as it joined
# effect: KUBEADM_JOIN: person: a node that has joined keeps what it joined with: drain it, kubeadm reset, join anew
# effect: KUBEADM_INIT/KubeletConfiguration KUBELET_CONFIG_MAP join_cluster: looks: only a node that joins reads it

step_worker() {
  need_root
  need_running_system
  identify
  need_role worker
  if [[ -e $KUBELET_CONF ]]; then
    need_member
  else
    change "join $(self name) with label $GROUP_LABEL=$(self label)" join_cluster
    take_kubelet_config joined
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

join_cluster() {
  local - path token='' hash='' word rest config='' text
  set +x
  path=$(option join-file)
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
