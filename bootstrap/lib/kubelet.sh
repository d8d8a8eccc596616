# shellcheck shell=bash
# effect: restart: the kubelet starts anew; pods go on running
#
# The kubelet's service, wherever its binary comes from.

enable_kubelet() {
  if [[ -z ${OPTION[root]-} ]] && systemctl is-enabled --quiet kubelet 2>/dev/null; then
    report skipped 'service kubelet is enabled'
  else
    live 'enable service kubelet' systemctl enable kubelet
  fi
}

# Of a host that has joined; before, kubeadm starts it.
start_kubelet() {
  [[ -z ${OPTION[root]-} && -e $KUBELET_CONF ]] || return 0
  if is_active kubelet; then
    report skipped 'service kubelet is running'
  else
    live 'start service kubelet' systemctl start kubelet
  fi
}

# Where it is owed that. kubeadm starts it the first time, once it has a configuration.
restart_kubelet() {
  if is_owed kubelet && is_active kubelet; then
    live 'restart service kubelet' systemctl restart kubelet
  fi
  settle kubelet
}
