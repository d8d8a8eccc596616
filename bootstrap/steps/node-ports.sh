# shellcheck shell=bash
# help: write the NodePorts that Kubernetes has chosen to a file for the load balancer
# where: control plane
# after: synced
# options: --node-ports --kubeconfig --dry-run
# only if: NODE_PORTS has rows (nodeports.fixed: false)
# hands over: --node-ports to load balancer
# worked: `done` or `skipped`
# effect: nothing: the file for the load balancer is another one: copy it there, then the step load-balancer

step_node_ports() {
  need_root
  if ((${#NODE_PORTS[@]} == 0)); then
    report skipped 'the inventory states every NodePort'
    return 0
  fi
  need_cluster
  local row variable service port number='' text=''
  for row in "${NODE_PORTS[@]}"; do
    columns "$row" variable service port
    if cluster_known; then
      number=$(chosen_node_port "$service" "$port")
    fi
    if [[ -z $number ]] && dry_run; then
      report would "write $(option node-ports), once Service ${service#*/} has a NodePort for $port"
      return 0
    elif [[ -z $number ]]; then
      fail "Service ${service#*/} has no NodePort for $port yet: Argo CD makes it, run this step again once the application is synced"
    fi
    text+="$variable $number"$'\n'
  done
  write_file "$(option node-ports)" 0644 "$text"
}
