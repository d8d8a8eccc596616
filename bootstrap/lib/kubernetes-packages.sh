# shellcheck shell=bash
# effect: restart: the kubelet starts anew; pods go on running
#
# Kubernetes from its signed package repository: exact versions, held. The packages bring
# the kubelet's unit, kubeadm's settings for it and the CNI plugins.

install_kubernetes_packages() {
  add_repository kubernetes "$KUBERNETES_REPOSITORY"
  owe_if_changed kubelet kubelet_package install_pinned "${KUBERNETES_PACKAGES[@]}"
  restart_kubelet
}

# Alone: an upgrade begins with it.
install_kubeadm_packages() {
  add_repository kubernetes "$KUBERNETES_REPOSITORY"
  install_pinned "$(rows kubeadm "${KUBERNETES_PACKAGES[@]}")"
}

kubelet_package() {
  installed_version kubelet
}
