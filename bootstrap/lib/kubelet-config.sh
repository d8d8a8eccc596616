# shellcheck shell=bash
# effect: KUBEADM_INIT/KubeletConfiguration KUBELET_CONFIG_MAP take_kubelet_config renew_kubelet_config: restart: the
#   kubelet starts anew; pods go on running
# also reads: KUBEADM_INIT/KubeletConfiguration, which the step control-plane puts into the cluster
#
# A kubelet has its configuration from the cluster, as kubeadm keeps it there for all of them. It takes that when its
# node joins, and later only when told to.

# What this node's kubelet has taken last, as the cluster had it.
readonly KUBELET_CONFIG_TAKEN=/etc/dojot/kubelet-config
# The file that it reads, as kubeadm has written it of that.
readonly KUBELET_CONFIG_CHECKSUM=/etc/dojot/kubelet-config.sha256
readonly KUBELET_CONFIG_FILE=/var/lib/kubelet/config.yaml

# take_kubelet_config [joined]: `joined`: kubeadm has just given it this one.
take_kubelet_config() {
  local offered
  [[ -z ${OPTION[root]-} && -e $KUBELET_CONF ]] || return 0
  if ! offered=$(offered_kubelet_config) || [[ -z $offered ]]; then
    report skipped "the kubelet keeps its configuration: the cluster does not say now which one it has for it"
    return 0
  fi
  if [[ -z ${1-} ]] &&
    { is_owed kubelet-config || [[ $offered != "$(cat -- "$KUBELET_CONFIG_TAKEN" 2>/dev/null || true)" ]] || kubelet_config_is_edited; }; then
    change "take the kubelet's configuration from the cluster: $KUBELET_CONFIG_FILE" renew_kubelet_config
  fi
  write_file "$KUBELET_CONFIG_TAKEN" 0644 "$offered"$'\n'
  if ! dry_run || ! kubelet_config_is_edited; then
    write_file "$KUBELET_CONFIG_CHECKSUM" 0644 "$(kubelet_config)"$'\n'
  fi
  settle kubelet-config
}

offered_kubelet_config() {
  kubectl --kubeconfig="$KUBELET_CONF" --request-timeout=10s --namespace=kube-system \
    get configmap "$KUBELET_CONFIG_MAP" --output=go-template='{{.data.kubelet}}'
}

# kubeadm keeps what differs from node to node. A restart of the kubelet ends no container.
renew_kubelet_config() {
  owe_if_changed kubelet-config kubelet_config kubeadm upgrade node phase kubelet-config
  if is_owed kubelet-config && is_active kubelet; then
    systemctl restart kubelet
  fi
}

# By somebody else than kubeadm, since that has written it.
kubelet_config_is_edited() {
  [[ -e $KUBELET_CONFIG_CHECKSUM && $(kubelet_config) != "$(cat -- "$KUBELET_CONFIG_CHECKSUM")" ]]
}

kubelet_config() {
  sha256sum -- "$KUBELET_CONFIG_FILE" 2>/dev/null || true
}
