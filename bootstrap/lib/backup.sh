# shellcheck shell=bash
# effect: looks: files of a backup, which no program reads
#
# A backup is a folder CLUSTER-TIME, for root alone:
#   manifest           rows of `cluster`, `time`, `kubernetes`, `control-plane`, and `file | SHA-256 | bytes | path` of each
#   etcd.db            all objects of the cluster; Secrets are encrypted with the key that lies beside it
#   kubernetes.tar     that key, and all certificates and keys of kubeadm. admin.conf and the like are made anew of these
#   <service>/...      each database (lib/databases.sh)

# What Prometheus reads by node-exporter of this node (inventory/classes/service/node-exporter.yml).
readonly BACKUP_METRICS=/var/lib/dojot/metrics/backup.prom

# Those that are made before an upgrade of Kubernetes.
readonly UPGRADE_BACKUPS=/var/lib/dojot/before-upgrade

# The folder of the backup that this run has made.
BACKUP_MADE=''

# make_backup FOLDER VERSION [DATABASE...]: a new one in FOLDER, of the cluster that runs with this Kubernetes.
make_backup() {
  local database time partial
  time=$(date --utc +%Y%m%dT%H%M%SZ)
  partial=$1/.$CLUSTER_NAME-$time.partial
  BACKUP_MADE=$1/$CLUSTER_NAME-$time
  # Whoever may look into the folder: these are all keys of the cluster.
  umask 077
  if ! dry_run; then
    # What a run that was killed has left.
    rm -rf -- "$1/.$CLUSTER_NAME-"*.partial
    mkdir -- "$partial"
    SCRATCH+=("$partial")
  fi
  change 'save etcd' save_etcd "$partial/etcd.db"
  change "save certificates and keys of $KUBERNETES_FOLDER" save_kubernetes "$partial/kubernetes.tar"
  for database in "${@:3}"; do
    change "save the database $database" save_database "$database" "$partial"
  done
  change "put it into $BACKUP_MADE" finish_backup "$partial" "$BACKUP_MADE" "$2" "$time"
  umask 022
}

save_kubernetes() {
  local files
  mapfile -t files < <(saved_files)
  tar --create --file="$1" --directory="$KUBERNETES_FOLDER" -- "${files[@]}"
}

# finish_backup PARTIAL FOLDER VERSION TIME: there is either no such folder, or a whole one.
finish_backup() {
  write_manifest "$1" "$3" "$4"
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

# need_other_disk FOLDER: what lies on the control plane's own disk is lost with it.
need_other_disk() {
  local own other
  own=$(disk_of "$ETCD_FOLDER")
  other=$(disk_of "$1")
  if [[ -z $other ]]; then
    refuse "there is no directory $1 (backup.folder): mount one of another machine there (/etc/fstab)"
  elif [[ $own == "$other" ]]; then
    refuse "$1 (backup.folder) lies on the disk of $ETCD_FOLDER and would be lost with it: mount a directory of another machine there (findmnt, /etc/fstab)"
  fi
}

# disk_of PATH: the device of what is mounted there, as 8:1; nothing where there is no such path.
disk_of() {
  local found
  found=$(findmnt --noheadings --output=MAJ:MIN --target "$1" 2>/dev/null || true)
  printf '%s' "${found//[[:space:]]/}"
}

# What is saved of /etc/kubernetes.
saved_files() {
  printf '%s\n' pki "${ENCRYPTION_FILE#"$KUBERNETES_FOLDER/"}"
}

# write_manifest FOLDER VERSION TIME: over all that lies in it by now.
write_manifest() {
  local path sum
  {
    printf '%s\n' "cluster|$CLUSTER_NAME" "time|$3" "kubernetes|$2" \
      "control-plane|$(self name)|$(self address)"
    while IFS= read -r path; do
      sum=$(sha256sum -- "$1/$path")
      printf '%s\n' "file|${sum%% *}|$(stat -c %s -- "$1/$path")|$path"
    done < <(cd -- "$1" && find . -type f ! -name manifest -printf '%P\n' | LC_ALL=C sort)
  } >"$1/manifest"
}

# manifest_says FOLDER KEY: what stands behind it, a line each.
manifest_says() {
  sed -n "s/^$2|//p" -- "$1/manifest"
}

# need_whole_backup FOLDER: of this cluster, with each file as it was saved.
need_whole_backup() {
  local found row sum size path number=0
  [[ -r $1/manifest ]] || fail "$1 is no backup: it has no file manifest, which comes last. Name another one with --from"
  found=$(manifest_says "$1" cluster)
  [[ $found == "$CLUSTER_NAME" ]] ||
    fail "$1 is a backup of the cluster ${found:-that it does not name}, and this script is that of $CLUSTER_NAME: nothing was changed"
  while IFS= read -r row; do
    columns "$row" sum size path
    if [[ ! -f $1/$path || $(stat -c %s -- "$1/$path") != "$size" ]] || ! has_sha256 "$1/$path" "$sum"; then
      fail "$1/$path is not as it was saved (SHA-256 $sum, $size bytes): nothing was changed. Take another backup"
    fi
    number=$((number + 1))
  done < <(manifest_says "$1" file)
  ((number > 0)) || fail "$1/manifest names no file: nothing was changed. Take another backup"
  report ok "$1 is a whole backup of $CLUSTER_NAME, of $(manifest_says "$1" time): $number files"
}

# Whoever leaves the cluster keeps them.
tell_upgrade_backups() {
  [[ ! -d $UPGRADE_BACKUPS ]] ||
    report skipped "backups that upgrades have made stay, with all keys of the cluster: $UPGRADE_BACKUPS"
}

# tell_backup FOLDER: for Prometheus, that this one is whole.
tell_backup() {
  local bytes
  bytes=$(du --summarize --bytes -- "$1" 2>/dev/null || true)
  write_file "$BACKUP_METRICS" 0644 "# HELP dojot_backup_timestamp_seconds When the last whole backup was made.
# TYPE dojot_backup_timestamp_seconds gauge
dojot_backup_timestamp_seconds $(date +%s)
# HELP dojot_backup_size_bytes Bytes of that backup.
# TYPE dojot_backup_size_bytes gauge
dojot_backup_size_bytes ${bytes%%[!0-9]*}
"
}

# ---- The timer.

readonly BACKUP_UNIT=/etc/systemd/system/dojot-backup

remove_backup_timer() {
  if [[ ! -e $BACKUP_UNIT.timer ]]; then
    report skipped 'there is no timer of backups'
    return 0
  fi
  live 'stop the timer of backups' systemctl disable --now dojot-backup.timer
  change 'remove it' rm -f -- "$BACKUP_UNIT.timer" "$BACKUP_UNIT.service" "$OWN_COPY"
  live 'read the unit files again' systemctl daemon-reload
}
