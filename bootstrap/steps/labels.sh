# shellcheck shell=bash
# help: verify the group label of every worker, and repair it
# where: control plane, or wherever kubectl reaches the cluster
# after: join-done
# options: --kubeconfig --dry-run
# guide: labelling the nodes
# worked: a line `skipped` for each worker
# effect: replace: a node's label is set; pods that run stay where they are, new ones are placed by it

step_labels() {
  need_cluster
  local row name role label found
  for row in "${NODES[@]}"; do
    columns "$row" name _ role label
    [[ $role == worker ]] || continue
    found=''
    if cluster_known; then
      found=$(node_label "$name")
      [[ -n $found ]] || fail "node $name has not joined the cluster: run the step worker on it"
    fi
    if [[ $found == "=$label" ]]; then
      report skipped "node $name has label $GROUP_LABEL=$label"
    else
      change "label node $name with $GROUP_LABEL=$label" \
        kube label node "$name" "$GROUP_LABEL=$label" --overwrite
    fi
  done
}

# node_label NAME: `=VALUE` (`=` without a label), nothing when there is no such node.
node_label() {
  kube get node "$1" --ignore-not-found \
    --output=go-template="={{with .metadata.labels}}{{with index . \"$GROUP_LABEL\"}}{{.}}{{end}}{{end}}"
}
