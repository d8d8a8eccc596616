# shellcheck shell=bash
# effect: looks: other control planes are asked whether they answer
#
# Several control planes: each has an API server and a member of etcd, which goes on while more than half of them do.

# other_control_planes: `NAME|ADDRESS` of each but this host, a line each.
other_control_planes() {
  local row name address role
  for row in "${NODES[@]}"; do
    columns "$row" name address role _
    [[ $role != control-plane || $name == "$(self name)" ]] || printf '%s\n' "$name|$address"
  done
}

# is_first: of the control planes, as the inventory has them.
is_first() {
  [[ ${SELF[role]} == control-plane && " ${OTHER_CONTROL_PLANES[*]} " != *" ${SELF[name]} "* ]]
}

# need_no_other_api_server: 1 where another control plane is at work: whatever is made here would be a second cluster.
need_no_other_api_server() {
  local row name address
  for row in $(other_control_planes); do
    columns "$row" name address
    if timeout 3 bash -c "exec 3<>/dev/tcp/$address/6443" 2>/dev/null; then
      refuse "the control plane $name answers at $address:6443, and this host would begin another cluster. Where $name has the cluster (kubectl get nodes, there), this host joins it: bootstrap.sh join-key --lost $(self name) on $name, then join-control-plane here. Where it has none that is of any use: bootstrap.sh remove on $name"
      return 1
    fi
  done
}

wait_for_control_plane() {
  local name
  name=$(self name)
  await "node $name is Ready" kube wait --for=condition=Ready "node/$name" --timeout=300s
}
