# shellcheck shell=bash
# Kubernetes from its signed package repository: exact versions, held. The packages bring
# the kubelet's unit, kubeadm's settings for it and the CNI plugins.

install_kubernetes_packages() {
  local before
  before=$(installed_version kubelet)
  add_repository kubernetes "$KUBERNETES_REPOSITORY"
  install_pinned "${KUBERNETES_PACKAGES[@]}"
  if [[ $(installed_version kubelet) != "$before" ]]; then
    restart_kubelet
  fi
}
