# shellcheck shell=bash
# effect: looks: another cluster is refused, nothing else follows from it
#
# Is the cluster that answers the inventory's? Its nodes say so. The server's address does not:
# a tunnel, a load balancer or kind give it another one.

# wrong_cluster: what is wrong; nothing where a control plane has the inventory's name and address.
wrong_cluster() {
  local server found row name address role wanted=''
  server=$(kube config view --minify --output='jsonpath={.clusters[0].cluster.server}' 2>/dev/null || true)
  server="the cluster at ${server:-an address that the kubeconfig does not say}"
  found=$(cluster_nodes) || {
    printf '%s does not say which nodes it has (see above)' "$server"
    return 0
  }
  for row in "${NODES[@]}"; do
    columns "$row" name address role _
    [[ $role == control-plane ]] || continue
    ! grep -qxF -- "$name $address" <<<"$found" || return 0
    wanted+="${wanted:+, }$name $address"
  done
  found=$(head -n 10 <<<"$found" | paste -sd ',')
  printf '%s is not %s: its nodes are %s; the inventory has the control plane %s' \
    "$server" "$CLUSTER_NAME" "${found:-none}" "$wanted"
}

IFS= read -r -d '' NODE_ADDRESSES <<'END' || true
{{range .items}}
  {{$name := .metadata.name}}
  {{range .status.addresses}}
    {{if eq .type "InternalIP"}}{{println $name .address}}{{end}}
  {{end}}
{{end}}
END
readonly NODE_ADDRESSES

# cluster_nodes: a line `NAME ADDRESS` for each.
cluster_nodes() {
  kube get nodes --output=go-template="$(template "$NODE_ADDRESSES")"
}
