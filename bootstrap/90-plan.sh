# shellcheck shell=bash
# Step `plan`: which command on which machine, in order.

step_plan() {
  local row name address role master='' workers=()
  for row in "${NODES[@]}"; do
    IFS='|' read -r name address role _ <<<"$row"
    if [[ $role == worker ]]; then
      workers+=("$name ($address)")
    else
      master="$name ($address)"
    fi
  done
  printf 'Cluster %s, Kubernetes %s. On every machine: this repository'\''s compiled/%s, as root.\n\n' \
    "$CLUSTER_NAME" "$KUBERNETES_VERSION" "$CLUSTER_NAME"
  printf ' 1. every node      bootstrap.sh node, bootstrap.sh volumes\n'
  printf '                    %s\n' "$master" "${workers[@]}"
  printf ' 2. %-15s bootstrap.sh control-plane\n' "${master%% *}"
  printf ' 3. %-15s bootstrap.sh join-token; copy %s to the same place on each worker\n' "${master%% *}" "$JOIN_FILE"
  printf ' 4. every worker    bootstrap.sh worker\n'
  printf ' 5. %-15s bootstrap.sh join-done, bootstrap.sh labels\n' "${master%% *}"
  printf ' 6. %-15s bootstrap.sh secrets, bootstrap.sh argocd\n' "${master%% *}"
  if ((${#NODE_PORTS[@]})); then
    printf '    %-15s bootstrap.sh node-ports, once Argo CD has synced; copy %s to the same place on %s\n' \
      "${master%% *}" "$NODE_PORTS_FILE" "$LOAD_BALANCER_NAME"
  fi
  printf ' 7. %-15s bootstrap.sh load-balancer   (%s)\n' "$LOAD_BALANCER_NAME" "$LOAD_BALANCER_ADDRESS"
  printf ' 8. %-15s bootstrap.sh verify\n' "${master%% *}"
}
