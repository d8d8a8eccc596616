# shellcheck shell=bash
# help: put back what a backup holds: the control plane, on a host that has none, or a database of the cluster that runs
# where: anywhere, on the control plane: when its disk or a database was lost (docs/operations.md)
# after: nothing
# options: --node --yes --kubeconfig --dry-run
# option: --from DIR: the folder of the backup, with its manifest
# option: --database NAME: fill this one (postgres, mongodb) in place of the control plane; what it holds now is gone then
# effect: looks: it takes a loss and a person; a change asks for no restore

# Whose backup is being put back, from the first file on until the control plane runs: a run that was cut off goes on by it.
readonly RESTORING=/etc/dojot/restoring

step_restore() {
  need_root
  need_running_system
  identify
  need_role control-plane
  local from database
  from=$(option from) database=$(option database)
  [[ -n $from ]] || usage_error 'restore needs --from DIR: which backup?'
  from=${from%/}
  need_whole_backup "$from"
  if [[ -n $database ]]; then
    restore_database "$from" "$database"
  else
    restore_control_plane "$from"
  fi
}

restore_database() {
  [[ -n $(maker_of "$2") ]] || fail "the inventory of $CLUSTER_NAME has no database $2, but: $(database_names | paste -sd ' ')"
  [[ -d $1/$2 ]] || fail "$1 holds no database $2: take another backup"
  need_cluster
  need_word "In $CLUSTER_NAME, all that the database $2 holds now is replaced by what it held at $(manifest_says "$1" time)."
  change "fill the database $2 from $1" fill_database "$2" "$1"
}

restore_control_plane() {
  local begun='' config=''
  need_same_control_plane "$1"
  if [[ -e $RESTORING ]]; then
    begun=$(<"$RESTORING")
    [[ $begun == "${1##*/}" ]] || fail "the backup $begun is being put back here: finish that first (--from), or make this host anew"
  elif [[ -e $ADMIN_CONF || -e $ETCD_DATA ]]; then
    refuse "this host has a control plane ($ADMIN_CONF, $ETCD_DATA): a restore is for a host that has none. Of one that cannot be saved, keep $ETCD_FOLDER and $KUBERNETES_FOLDER elsewhere, run \"kubeadm reset\" yourself, and then this step again"
    return 0
  fi
  need_no_other_api_server || return 0
  need_word "This host becomes the control plane of $CLUSTER_NAME as it was at $(manifest_says "$1" time)."
  write_file "$RESTORING" 0644 "${1##*/}"$'\n'
  change "put back certificates and keys of $KUBERNETES_FOLDER" restore_kubernetes "$1/kubernetes.tar"
  write_api_server_files
  if [[ -e $ETCD_DATA ]]; then
    report skipped "etcd has data ($ETCD_DATA)"
  else
    if ! dry_run; then
      kubeadm_config config
    fi
    change 'fetch the images of the control plane' kubeadm config images pull --config="$config"
    change 'put back what etcd held' restore_etcd "$1/etcd.db" "$config"
  fi
  if [[ -e $ADMIN_CONF && -e $KUBEADM_CONFIG_APPLIED ]]; then
    report skipped 'kubeadm init has finished'
  elif [[ -e $ADMIN_CONF ]]; then
    refuse "kubeadm init broke off (journalctl -u kubelet says why). All that is here comes from $1: run \"kubeadm reset\" yourself, and then this step again"
    return 0
  else
    # Before the API server answers: kubelets of the workers end every pod that it does not know.
    make_control_plane --ignore-preflight-errors=DirAvailable--var-lib-etcd
  fi
  await 'the API server answers' api_server_answers
  change "forget that $1 was being put back" forget_restore
  tell_other_control_planes
}

# They were members of an etcd that is no more.
tell_other_control_planes() {
  local row name
  for row in $(other_control_planes); do
    name=${row%|*}
    report skipped "the control plane $name is of the former etcd. On it: bootstrap.sh remove, then node; here: bootstrap.sh join-key --lost $name; on it: join-control-plane"
  done
}

# What a run that was killed has left of it, too.
forget_restore() {
  rm -rf -- "$ETCD_FOLDER/restored" "$ETCD_FOLDER/restored.db"
  rm -f -- "$RESTORING"
}

# The kubelets and pods of a cluster know its control plane by name, address and release.
need_same_control_plane() {
  local version name address
  version=$(manifest_says "$1" kubernetes)
  [[ $version == "$KUBERNETES_VERSION" ]] ||
    fail "$1 is of Kubernetes ${version:-unknown}, the inventory has $KUBERNETES_VERSION: use the script of that time (Git has its compiled folder), and upgrade afterwards. Nothing was changed"
  columns "$(manifest_says "$1" control-plane)" name address
  [[ $name == "$(self name)" && $address == "$(self address)" ]] ||
    fail "$1 is of the control plane $name ($address), and this is $(self name) ($(self address)): workers and certificates know only the former. Nothing was changed"
}

restore_kubernetes() {
  mkdir -p -- "$KUBERNETES_FOLDER"
  tar --extract --file="$1" --directory="$KUBERNETES_FOLDER" --same-permissions --no-same-owner
}
