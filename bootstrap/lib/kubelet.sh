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

# Where it is owed that. kubeadm starts it the first time, once it has a configuration.
restart_kubelet() {
  if is_owed kubelet && is_active kubelet; then
    live 'restart service kubelet' systemctl restart kubelet
  fi
  settle kubelet
}
