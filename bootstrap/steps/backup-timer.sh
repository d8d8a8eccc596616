# shellcheck shell=bash
# help: make a backup each day: a timer of systemd, and the copy of this script that it runs
# where: control plane
# after: verify
# options: --node --dry-run
# only if: BACKUPS has rows (backup.enabled: true)
# worked: `systemctl start dojot-backup` ends well, and backup.folder holds a folder with a `manifest`
# effect: nothing: the timer is another one; no other program notices
# also reads: DATABASES ROTATIONS, by the copy of this script that it installs
#
# systemd's own protection bounds the service to what a backup needs: it reads all of the host, and writes to three
# folders. Passwords and keys are in none of its files.

step_backup_timer() {
  need_root
  need_running_system
  identify
  need_role control-plane
  local at folder
  if ((${#BACKUPS[@]} == 0)); then
    remove_backup_timer
    return 0
  fi
  columns "${BACKUPS[0]}" at _ folder
  need_other_disk "$folder"
  install_own_copy
  if [[ ! -d ${BACKUP_METRICS%/*} ]]; then
    change "make ${BACKUP_METRICS%/*}" install --directory --mode=0755 -- "${BACKUP_METRICS%/*}"
  fi
  write_file "$BACKUP_UNIT.service" 0644 "$(backup_service "$folder")"$'\n'
  read_unit dojot-backup.service
  owing dojot-backup.timer write_file "$BACKUP_UNIT.timer" 0644 "$(backup_timer "$at")"$'\n'
  read_unit dojot-backup.timer
  run_service dojot-backup.timer
}

# backup_service FOLDER
backup_service() {
  cat <<UNIT
[Unit]
Description=Backup of dojot: etcd, certificates and keys, databases
After=network-online.target kubelet.service
Wants=network-online.target
RequiresMountsFor=$1

[Service]
Type=oneshot
ExecStart=/bin/bash $OWN_COPY backup
TimeoutStartSec=6h
Nice=19
IOSchedulingClass=idle
# kubectl keeps a cache there.
Environment=HOME=/tmp
UMask=0077
PrivateTmp=true
ProtectSystem=strict
ReadWritePaths=$1 $ETCD_FOLDER ${BACKUP_METRICS%/*}
ProtectHome=true
ProtectKernelModules=true
ProtectKernelTunables=true
ProtectControlGroups=true
NoNewPrivileges=true
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=true
RestrictRealtime=true
LockPersonality=true
SystemCallArchitectures=native
# What root needs of its own files.
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER
UNIT
}

# Persistent: a host that was off at that time makes it when it is back.
backup_timer() {
  cat <<UNIT
[Unit]
Description=Backup of dojot each day at $1 UTC

[Timer]
OnCalendar=*-*-* $1:00 UTC
RandomizedDelaySec=5min
Persistent=true

[Install]
WantedBy=timers.target
UNIT
}
