# shellcheck shell=bash
# help: make this host ready to be a node: name, swap, kernel, firewall, container runtime, Kubernetes
# where: every node
# after: nothing
# options: --node --root --dry-run
# guide: hostnames, swap, container runtime, kubeadm, kubelet, kubectl
# worked: a second run says only `skipped`
# effect: OS_PACKAGES: nothing: packages that are missing come; one that is gone stays
# effect: RUNTIME_NAME RUNTIME_SERVICE KUBERNETES_FROM: person: the former runtime or kubelet is not taken away: drain
#   the node, and install it anew
# effect: KUBERNETES_VERSION KUBERNETES_PACKAGES KUBERNETES_REPOSITORY BINARIES: looks: the step upgrade brings them

step_node() {
  need_root
  identify
  need_system
  check_kubelet_version
  set_hostname "$(self name)"
  write_hosts
  switch_swap_off
  load_modules
  write_sysctl "$NODE_SYSCTL" "$SYSCTL_CONF"
  leave_running "$RUNTIME_SERVICE" containerd kubelet
  install_packages "${OS_PACKAGES[@]}"
  configure_firewall
  "runtime_$RUNTIME_NAME"
  "install_kubernetes_$KUBERNETES_FROM"
  enable_kubelet
  start_kubelet
  take_kubelet_config
}
