# shellcheck shell=bash
# effect: restart: the kubelet starts anew; pods go on running
# effect: CNI_PLUGINS_URL CNI_PLUGINS_SHA256: nothing: pods that are made from then on use the new plugins
#
# Kubernetes as binaries, for a release that no package repository has: each comes from
# the release archive and is checked against its SHA-256.

install_kubernetes_binaries() {
  local row name url sha256
  for row in "${BINARIES[@]}"; do
    columns "$row" name url sha256
    if [[ $name == kubelet ]]; then
      owing kubelet fetch "$url" "$sha256" "/usr/local/bin/$name" 0755
    else
      fetch "$url" "$sha256" "/usr/local/bin/$name" 0755
    fi
  done
  install_cni_plugins
  owing kubelet write_file /etc/systemd/system/kubelet.service 0644 "$(kubelet_unit)"$'\n'
  read_unit kubelet
  restart_kubelet
}

# Alone: an upgrade begins with it.
install_kubeadm_binaries() {
  local name url sha256
  columns "$(rows kubeadm "${BINARIES[@]}")" name url sha256
  fetch "$url" "$sha256" "/usr/local/bin/$name" 0755
}

install_cni_plugins() {
  local archive=/var/cache/dojot/cni-plugins.tgz folder=${OPTION[root]-}/opt/cni/bin
  local marker=$folder/.dojot-sha256
  if [[ -f $marker && $(<"$marker") == "$CNI_PLUGINS_SHA256" ]]; then
    report skipped "$folder has the CNI plugins"
    return 0
  fi
  fetch "$CNI_PLUGINS_URL" "$CNI_PLUGINS_SHA256" "$archive" 0644
  change "unpack the CNI plugins into $folder" unpack_cni_plugins "${OPTION[root]-}$archive" "$folder" "$marker"
}

unpack_cni_plugins() {
  mkdir -p -- "$2"
  tar --extract --gzip --file="$1" --directory="$2" --no-same-owner --no-overwrite-dir
  printf '%s\n' "$CNI_PLUGINS_SHA256" >"$3"
}

# The names of the variable and of both files are kubeadm's.
kubelet_unit() {
  cat <<UNIT
[Unit]
Description=kubelet, the Kubernetes agent of this node
Documentation=https://kubernetes.io/docs/
After=network-online.target $RUNTIME_SERVICE.service
Wants=network-online.target
ConditionPathExists=/var/lib/kubelet/config.yaml
StartLimitIntervalSec=0

[Service]
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
ExecStart=/usr/local/bin/kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml \$KUBELET_KUBEADM_ARGS
CPUAccounting=true
MemoryAccounting=true
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
UNIT
}
