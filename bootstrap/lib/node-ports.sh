# shellcheck shell=bash
# option: --node-ports FILE=/etc/dojot/node-ports: the file with the chosen NodePorts
#
# Where the inventory leaves NodePorts to Kubernetes, its choice has to reach HAProxy on its own host, by a file.

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
  [[ -r $(option node-ports) ]] || return 0
  while read -r variable number; do
    if [[ $variable == "$1" && $number =~ ^[0-9]+$ ]]; then
      printf '%s' "$number"
    fi
  done <"$(option node-ports)"
}
