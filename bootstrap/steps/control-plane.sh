# shellcheck shell=bash
# help: kubeadm init, the kubeconfig of the administrator (0600) and the pod network; of a control plane that runs, its
#   changed configuration
# where: control plane
# after: volumes
# options: --node --kubeconfig --dry-run
# guide: `kubeadm init`, copying the kubeconfig, flannel
# worked: the last line is `ok: node … is Ready`
# effect: nothing: a control plane that runs stays
# effect: POD_NETWORK: restart: pods of flannel and kube-router are made anew where they differ, node by node; other
#   pods go on

step_control_plane() {
  need_root
  need_running_system
  identify
  need_role control-plane
  if ! is_first; then
    refuse "$(self name) is not the first control plane: on it runs join-control-plane, and join-key on another one before it"
    return 0
  fi
  init_control_plane
  write_kubeconfig
  need_cluster
  renew_control_plane
  take_kubelet_config
  apply_pod_network
  wait_for_control_plane
}

init_control_plane() {
  # First: without them no API server starts, so that one which does not answer may be waiting for just these.
  keep_api_server_files
  if [[ -e $ADMIN_CONF ]]; then
    need_finished_init
    return 0
  elif [[ -e $ETCD_DATA ]]; then
    refuse "this host holds the data of a cluster ($ETCD_DATA) but no $ADMIN_CONF. Where the cluster is to live, \"kubeadm init phase kubeconfig admin --config=kubeadm-init.yml\" (the file beside this script) makes that file again from /etc/kubernetes/pki; before anything else, save /var/lib/etcd"
    return 0
  fi
  need_no_other_api_server || return 0
  write_api_server_files
  make_control_plane
}

# A control plane that is away for a moment is not an init that broke off: where etcd has data,
# a reset would destroy the cluster.
need_finished_init() {
  local proxy unfinished='an earlier kubeadm init did not finish'
  if ! api_server_answers; then
    if [[ -e $ETCD_DATA ]]; then
      refuse "the API server does not answer, and this host holds the data of a cluster ($ETCD_DATA), so do not reset it. Look at $(list_containers) and at journalctl -u kubelet; run this step again when the API server answers"
    else
      refuse "$unfinished: the API server does not answer, and etcd has no data ($ETCD_DATA). See journalctl -u kubelet; if this host holds nothing you need, run \"kubeadm reset\" yourself and then this step again"
    fi
    return 0
  fi
  # The kube-proxy addon is what kubeadm init does last.
  if ! proxy=$(admin_kube --namespace=kube-system get daemonset kube-proxy --ignore-not-found --output=name); then
    refuse "the API server answers, but not what it is asked with $ADMIN_CONF (see above), so nobody knows whether kubeadm init has finished: put that right, then run this step again"
  elif [[ -n $proxy ]]; then
    report skipped 'the control plane exists'
  elif [[ -e $ETCD_DATA ]]; then
    refuse "$unfinished: the API server answers, but kube-proxy, which comes last, is not there (see journalctl -u kubelet). This host holds etcd's data ($ETCD_DATA): save them first (etcdctl snapshot save). If nothing of the cluster is needed, then run \"kubeadm reset\" yourself and this step again"
  else
    refuse "$unfinished: kube-proxy, which comes last, is not there (see journalctl -u kubelet). If this host holds nothing you need, run \"kubeadm reset\" yourself and then this step again"
  fi
}

apply_pod_network() {
  local file=''
  scratch file "${TMPDIR:-/tmp}/dojot-network.XXXXXX"
  printf '%s' "$POD_NETWORK" >"$file"
  apply 'the pod network' --filename="$file"
}
