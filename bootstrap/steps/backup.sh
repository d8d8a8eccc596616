# shellcheck shell=bash
# help: save etcd, the certificates and keys of Kubernetes, and the databases into a folder of their own
# where: anywhere, on the control plane: at any time, and daily by what backup-timer installs
# after: nothing
# options: --node --kubeconfig --dry-run
# option: --to DIR: where the backup's folder is made (default: backup.folder of the inventory, which is also tidied up)
# effect: looks: it reads what runs; a change asks for no backup

step_backup() {
  need_root
  need_running_system
  identify
  need_role control-plane
  local to keep='' time name partial database
  to=$(option to)
  if [[ -z $to ]]; then
    if ((${#BACKUPS[@]} == 0)); then
      refuse 'the inventory makes no backups (backup.enabled: false): let it do so, or name a folder with --to'
      return 0
    fi
    columns "${BACKUPS[0]}" _ keep to
    need_other_disk "$to"
  fi
  [[ -d $to ]] || dry_run || fail "there is no directory $to: mount it, or make it"
  need_cluster
  time=$(date --utc +%Y%m%dT%H%M%SZ)
  name=$CLUSTER_NAME-$time
  partial=$to/.$name.partial
  # Whoever may look into the folder: these are all keys of the cluster.
  umask 077
  if ! dry_run; then
    # What a run that was killed has left.
    rm -rf -- "$to/.$CLUSTER_NAME-"*.partial
    mkdir -- "$partial"
    SCRATCH+=("$partial")
  fi
  change 'save etcd' save_etcd "$partial/etcd.db"
  change "save certificates and keys of $KUBERNETES_FOLDER" save_kubernetes "$partial/kubernetes.tar"
  for database in $(database_names); do
    change "save the database $database" save_database "$database" "$partial"
  done
  change "put it into $to/$name" finish_backup "$partial" "$to/$name" "$time"
  umask 022
  if [[ -n $keep ]]; then
    tell_backup "$to/$name"
    remove_old_backups "$to" "$keep"
  fi
}

save_kubernetes() {
  local files
  mapfile -t files < <(saved_files)
  tar --create --file="$1" --directory="$KUBERNETES_FOLDER" -- "${files[@]}"
}

# finish_backup PARTIAL FOLDER TIME: there is either no such folder, or a whole one.
finish_backup() {
  write_manifest "$1" "$3"
  # On its disk, before it has its name.
  sync
  mv --no-target-directory -- "$1" "$2"
}

# remove_old_backups FOLDER KEEP: of this cluster, all but the newest.
remove_old_backups() {
  local path found=()
  for path in "$1/$CLUSTER_NAME-"[0-9]*Z; do
    [[ ! -d $path ]] || found+=("$path")
  done
  for path in "${found[@]:0:$((${#found[@]} > $2 ? ${#found[@]} - $2 : 0))}"; do
    change "remove $path: $2 are kept" rm -rf -- "$path"
  done
}
