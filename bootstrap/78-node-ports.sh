# shellcheck shell=bash
# Step `node-ports`: where the inventory leaves NodePorts to Kubernetes, its choice has to reach
# HAProxy on its own host. This writes it to a file; the step load-balancer reads a copy of that.

NODE_PORTS_FILE=/etc/dojot/node-ports

node_ports_file() {
  local given
  given=$(option node-ports)
  printf '%s' "${given:-$NODE_PORTS_FILE}"
}

step_node_ports() {
  need_root
  if ((${#NODE_PORTS[@]} == 0)); then
    report skipped 'the inventory states every NodePort'
    return 0
  fi
  need_cluster
  local row variable service port number='' text=''
  for row in "${NODE_PORTS[@]}"; do
    IFS='|' read -r variable service port <<<"$row"
    if cluster_known; then
      number=$(chosen_node_port "$service" "$port")
    fi
    if [[ -z $number ]] && dry_run; then
      report would "write $(node_ports_file), once Service ${service#*/} has a NodePort for $port"
      return 0
    elif [[ -z $number ]]; then
      fail "Service ${service#*/} has no NodePort for $port yet: Argo CD makes it, run this step again once the application is synced"
    fi
    text+="$variable $number"$'\n'
  done
  write_file "$(node_ports_file)" 0644 "$text"
}

# chosen_node_port NAMESPACE/SERVICE PORT: its number; nothing where there is none yet.
chosen_node_port() {
  local found
  found=$(kube --namespace="${1%%/*}" get service "${1#*/}" --ignore-not-found \
    --output=go-template="{{range .spec.ports}}{{if eq .name \"$2\"}}{{.nodePort}}{{end}}{{end}}")
  if [[ $found =~ ^[0-9]+$ ]]; then
    printf '%s' "$found"
  fi
}

# noted_node_port VARIABLE: its number in the file; nothing where it is not there.
noted_node_port() {
  local variable number
  [[ -r $(node_ports_file) ]] || return 0
  while read -r variable number; do
    if [[ $variable == "$1" && $number =~ ^[0-9]+$ ]]; then
      printf '%s' "$number"
    fi
  done <"$(node_ports_file)"
}
