# shellcheck shell=bash
# help: take from this host what the other steps have put there; installed programs stay, and so do data
# where: every node, or a load balancer
# after: load-balancer
# occasion: when a machine leaves the cluster, or the cluster is given up
# options: --node --join-file --key-file --kubeconfig --yes --force --dry-run
# option: --whole: the whole cluster is given up: sessions and pods end, and nodes of the inventory need not have left before
# option: --data: the directories of its volumes go as well, with all that is in them
# worked: a second run says only `skipped`, before its last line
# effect: looks: a person gives the machine up; no change asks for that
#
# Nodes leave by `kubeadm reset`; what that leaves, and all other files of this script, go here. Whatever hinders another
# `node` and `worker` on the same host is a defect.

step_remove() {
  need_root
  need_running_system
  if [[ -z $(option node) ]] && identify_balancer; then
    remove_load_balancer
  else
    identify
    remove_node
  fi
}

whole() {
  [[ -n $(option whole) ]]
}

remove_load_balancer() {
  whole || need_no_devices
  need_word "$(self name) is a load balancer of $CLUSTER_NAME no longer: HAProxy ends."
  remove_follow_timer
  # First, so that devices find another one.
  end_keepalived
  end_service haproxy
  remove_paths 'HAProxy: its configuration and limits' "$HAPROXY_CONFIG"{,.previous} "$HAPROXY_SYSCTL" "$HAPROXY_UNIT_LIMITS"
  # One that was brought here is somebody's own.
  if is_own_certificate "$HAPROXY_CERTIFICATE"; then
    remove_paths "this host's own certificate" "$HAPROXY_CERTIFICATE"
  fi
  read_unit haproxy
  if [[ -n $NODE_EXPORTER_PACKAGE ]]; then
    end_service "$NODE_EXPORTER_PACKAGE"
    remove_paths "arguments of $NODE_EXPORTER_PACKAGE" "/etc/default/$NODE_EXPORTER_PACKAGE"
  fi
  leave_host haproxy "${HAPROXY_PACKAGES[@]}" "${KEEPALIVED_PACKAGES[@]}"
  dry_run || report ok "$(self name) is no part of $CLUSTER_NAME any more. Its packages stay (apt-get purge)"
}

need_no_devices() {
  local sessions
  is_active haproxy || return 0
  if ! command -v ss >/dev/null; then
    need_force 'nobody knows how many sessions are open, because ss is not here (apt-get install iproute2)'
    return 0
  fi
  sessions=$(device_sessions)
  ((sessions == 0)) || need_force "$sessions sessions are open, and end with HAProxy"
}

remove_node() {
  local name what next="What is installed stays, images too; kernel settings last until the next boot"
  name=$(self name)
  if [[ $(self role) == control-plane ]] && ! whole && ((${#OTHER_CONTROL_PLANES[@]})); then
    need_other_members "$name"
    what="$name leaves the control planes of $CLUSTER_NAME, and its member leaves etcd"
    next="On another control plane: kubectl delete node $name. To join anew after that: node and volumes, join-key there, join-control-plane. $next"
  elif [[ $(self role) == control-plane ]]; then
    need_no_other_nodes "$name"
    what="$name is the control plane of $CLUSTER_NAME: the whole cluster with all its Secrets ends here, but for a backup of it"
  else
    whole || need_no_movable_pods "$name"
    what="$name leaves $CLUSTER_NAME, and every pod on it ends"
    whole || next="On the control plane: kubectl delete node $name. To join anew after that: node and volumes, join-token, worker. $next"
  fi
  need_word "$what$([[ -z $(option data) ]] || printf '; what is in the directories of its volumes is deleted')."
  if [[ $(self role) == control-plane ]]; then
    remove_kubeconfig
    remove_backup_timer
  fi
  reset_kubernetes
  end_service kubelet
  remove_pod_network
  if [[ $(self role) == control-plane ]]; then
    remove_paths "etcd's data, files of the API server, and of backups" "$ETCD_FOLDER" "${AUDIT_POLICY_FILE%/*}" "${BACKUP_METRICS%/*}"
    tell_upgrade_backups
  fi
  remove_data
  remove_paths 'limits and proxy of the container runtime' "$RUNTIME_LIMITS" "$RUNTIME_PROXY"
  remove_mirror
  read_unit "$RUNTIME_SERVICE"
  give_swap_back
  leave_host "kubernetes $RUNTIME_NAME" "${KUBERNETES_PACKAGES[@]}" "${RUNTIME_PACKAGES[@]}"
  # The last: it has guarded the ports until here.
  remove_firewall
  dry_run || report ok "$name is no part of $CLUSTER_NAME any more. $next"
}

# Pods of a node that a drain would have moved: neither a DaemonSet's nor the kubelet's own, and not at their end.
IFS= read -r -d '' MOVABLE_PODS <<'END' || true
{{range .items}}
  {{$stays := or (eq .status.phase "Succeeded") (eq .status.phase "Failed")}}
  {{range .metadata.ownerReferences}}{{if or (eq .kind "DaemonSet") (eq .kind "Node")}}{{$stays = true}}{{end}}{{end}}
  {{if not $stays}}{{println .metadata.name}}{{end}}
{{end}}
END
readonly MOVABLE_PODS

# A kubelet may ask for the pods of its own node. One that has begun to leave says nothing any more.
need_no_movable_pods() {
  local found
  [[ -e $KUBELET_CONF ]] && ! is_owed kubeadm-reset || return 0
  if ! found=$(kubectl --kubeconfig="$KUBELET_CONF" --request-timeout=10s get pods --all-namespaces \
    --field-selector="spec.nodeName=$1" --output=go-template="$(template "$MOVABLE_PODS")"); then
    need_force "the cluster does not say which pods run on $1 (see above)"
  elif [[ -n $found ]]; then
    need_force "on $1 run ${found//$'\n'/, }. First, on the control plane: kubectl drain $1 --ignore-daemonsets --delete-emptydir-data"
  fi
}

# leaving NAME: that node, and with --whole those of the inventory; a line each.
leaving() {
  if whole; then
    cut --delimiter='|' --fields=1 < <(printf '%s\n' "${NODES[@]}")
  else
    printf '%s' "$1"
  fi
}

# need_other_members NAME: those that stay are more than half of all; kubeadm reset takes NAME out of etcd.
need_other_members() {
  local name members='' well=()
  [[ -e $ADMIN_CONF ]] && ! is_owed kubeadm-reset || return 0
  # Its own does not say where it never began.
  for name in "$1" $(other_control_planes | cut --delimiter='|' --fields=1); do
    members=$(etcd_members "$name") || continue
    [[ -z $members ]] || break
  done
  if [[ -z $members ]]; then
    need_force "etcd does not say which members it has (see above): with less than half of them well, the cluster stands still. Where another control plane goes on, bootstrap.sh join-key --lost $1 there"
    return 0
  fi
  cut --delimiter=' ' --fields=2 <<<"$members" | grep -qxF -- "$(self address)" || return 0
  mapfile -t well < <(etcd_well "$name" | grep -vxF -- "$(self address)")
  if ((2 * ${#well[@]} <= $(grep -c . <<<"$members") - 1)); then
    need_force "of etcd's other members ${#well[@]} are well (${well[*]:-none}), and without $1 that is not more than half of them: all objects would be lost, or stand still. First bring those back that are away"
  fi
}

need_no_other_nodes() {
  local found
  [[ -e $ADMIN_CONF ]] && ! is_owed kubeadm-reset || return 0
  if ! found=$(admin_kube get nodes --output=go-template='{{range .items}}{{println .metadata.name}}{{end}}'); then
    need_force "the API server does not say which nodes the cluster has (see above)"
  elif found=$(grep -vxF -- "$(leaving "$1")" <<<"$found"); then
    need_force "the cluster has other nodes: ${found//$'\n'/, }. First run this step on each of them, and kubectl delete node"
  fi
}

# The copy that control-plane has made: while there is something to compare it with.
remove_kubeconfig() {
  local path
  path=$(own_kubeconfig)
  if [[ -e $ADMIN_CONF ]] && cmp --silent -- "$path" "$ADMIN_CONF"; then
    change "remove $path" rm -f -- "$path"
  else
    report skipped "$path is no copy of $ADMIN_CONF"
  fi
}

reset_kubernetes() {
  local path socket found=''
  for path in "$KUBELET_CONF" "$ADMIN_CONF" "$KUBELET_CONFIG_FILE" "$ETCD_DATA"; do
    [[ ! -e $path ]] || found=yes
  done
  if [[ -z $found ]] && ! is_owed kubeadm-reset; then
    report skipped 'kubeadm has made nothing here'
    return 0
  fi
  socket=$(sed -n 's/^ *criSocket: //p' <<<"$KUBEADM_JOIN")
  owe kubeadm-reset
  change 'kubeadm reset' kubeadm reset --force --cri-socket="$socket"
  settle kubeadm-reset
}

# Their list stays with them: by it the step volumes knows a disk that is missing.
remove_data() {
  local path found=()
  for path in $({ recorded_volumes && rows "$(self name)" "${DISKS[@]}" | cut --delimiter='|' --fields=3; } | sort --unique); do
    [[ ! -d $path ]] || found+=("$path")
  done
  if ((${#found[@]} == 0)); then
    report skipped 'no directory of a volume is here'
  elif [[ -z $(option data) ]]; then
    report skipped "directories of volumes stay, with all that is in them (--data removes them): ${found[*]}"
    return 0
  else
    for path in "${found[@]}"; do
      change "remove $path, with all that is in it" remove_directory "$path"
    done
  fi
  remove_paths 'the list of volumes' "$VOLUMES_RECORD"
}

# What is mounted there stays mounted.
remove_directory() {
  find "$1" -mindepth 1 -delete
  rmdir -- "$1" 2>/dev/null || true
}

# leave_host REPOSITORIES PACKAGE...: what nodes and load balancer have alike; a package as `NAME|VERSION`.
leave_host() {
  local name sources=()
  for name in $1; do
    sources+=("/etc/apt/sources.list.d/$name.list" "/etc/apt/keyrings/$name-"*.asc)
  done
  release_packages "${@:2}"
  remove_paths 'package sources and their keys' "${sources[@]}"
  remove_kernel_files
  [[ -z $NEEDRESTART_FOLDER ]] || remove_paths 'services that updates leave running' "$NEEDRESTART_FOLDER/dojot.conf"
  remove_hosts
  remove_paths 'downloads and join file' /var/cache/dojot "$(option join-file)" "$(option key-file)"
  remove_own_folder
}

# /etc/dojot, but for the list of volumes that stay.
remove_own_folder() {
  local folder=${VOLUMES_RECORD%/*} path found=()
  for path in "$folder"/*; do
    [[ $path == "$VOLUMES_RECORD" ]] || found+=("$path")
  done
  [[ -e $VOLUMES_RECORD ]] || found=("$folder")
  remove_paths 'what steps have noted' "${found[@]}"
}
