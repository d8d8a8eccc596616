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
  local to keep='' databases=()
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
  mapfile -t databases < <(database_names)
  make_backup "$to" "$KUBERNETES_VERSION" "${databases[@]}"
  if [[ -n $keep ]]; then
    tell_backup "$BACKUP_MADE"
    remove_old_backups "$to" "$keep"
  fi
}
