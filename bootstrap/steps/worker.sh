# shellcheck shell=bash
# help: join the cluster, registering with the label of the group
# where: every worker
# after: join-token
# options: --node --join-file --dry-run
# guide: the join script, and labels put on afterwards
# worked: `done: join … with label …`
# effect: nothing: a node that has joined stays as it joined
# effect: KUBEADM_JOIN: person: a node that has joined keeps what it joined with: drain it, remove, join anew
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
  remove_join_file "$(option join-file)"
  # Late, but joined: nothing of this step has failed by that.
  if dry_run; then
    look_at_kubelet_certificate
  fi
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
    refuse "$name has joined once, but the cluster has no such node any more: \"systemctl restart kubelet\" registers it again as it was; to join anew, run the steps remove, node, volumes on this worker, and then this one with a new token"
  fi
}

join_cluster() {
  local -
  set +x
  read_join_file "$(option join-file)" join-token
  run_kubeadm_join "$KUBEADM_JOIN" ||
    fail "kubeadm join did not finish, see above. If it says that an earlier attempt left files behind, run \"kubeadm reset\" on this worker, or the steps remove and node, and then this one again"
}
