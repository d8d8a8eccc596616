# shellcheck shell=bash
# effect: nothing: the timer is another one; HAProxy does not notice
#
# The timer of a load balancer that follows, and what it runs: the step follow of the copy of this script on this host.

readonly FOLLOW_UNIT=/etc/systemd/system/dojot-follow
# Seconds: the longest that a look takes.
readonly FOLLOW_LONGEST=600

follow_by_timer() {
  local every folder
  if ((${#FOLLOW[@]} == 0)); then
    remove_follow_timer
    return 0
  fi
  columns "${FOLLOW[0]}" every _
  # OpenSSH reaches a repository whose address says so, and checks signatures.
  install_packages git openssh-client
  install_own_copy
  # Where the service may write; without one of them systemd does not start it.
  for folder in "${FOLLOW_METRICS%/*}" "${OWED_FOLDER%/*}"; do
    if [[ ! -d ${OPTION[root]-}$folder ]]; then
      change "make ${OPTION[root]-}$folder" install --directory --mode=0755 -- "${OPTION[root]-}$folder"
    fi
  done
  write_file "$FOLLOW_UNIT.service" 0644 "$(follow_service)"$'\n'
  read_unit dojot-follow.service
  owing dojot-follow.timer write_file "$FOLLOW_UNIT.timer" 0644 "$(follow_timer "$every")"$'\n'
  read_unit dojot-follow.timer
  run_service dojot-follow.timer
}

remove_follow_timer() {
  if [[ ! -e ${OPTION[root]-}$FOLLOW_UNIT.timer ]]; then
    report skipped 'there is no timer that follows the repository'
    return 0
  fi
  live 'stop the timer that follows the repository' systemctl disable --now dojot-follow.timer dojot-follow.service
  change 'remove it' rm -rf -- "${OPTION[root]-}$FOLLOW_UNIT".{timer,service} "${OPTION[root]-}$OWN_COPY" \
    "${OPTION[root]-}$FOLLOW_REPOSITORY" "${OPTION[root]-}$FOLLOW_STATE" "${OPTION[root]-}$FOLLOW_METRICS"
  live 'read the unit files again' systemctl daemon-reload
}

follow_service() {
  cat <<UNIT
[Unit]
Description=HAProxy of dojot follows the repository
After=network-online.target haproxy.service
Wants=network-online.target

[Service]
Type=oneshot
ExecStart=/bin/bash $OWN_COPY follow
# Another look is at work.
SuccessExitStatus=75
TimeoutStartSec=$FOLLOW_LONGEST
# Root's own settings of Git and OpenSSH: credentials, keys of hosts.
Environment=HOME=/root
UMask=0022
PrivateTmp=true
PrivateDevices=true
ProtectSystem=strict
ReadWritePaths=${HAPROXY_CONFIG%/*} ${FOLLOW_STATE%/*} ${OWED_FOLDER%/*}
ProtectHome=read-only
ProtectKernelModules=true
ProtectKernelTunables=true
ProtectKernelLogs=true
ProtectControlGroups=true
ProtectClock=true
ProtectHostname=true
NoNewPrivileges=true
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=true
RestrictRealtime=true
RestrictSUIDSGID=true
LockPersonality=true
SystemCallArchitectures=native
SystemCallFilter=~@clock @cpu-emulation @debug @module @mount @obsolete @raw-io @reboot @swap
SystemCallErrorNumber=EPERM
# What root needs of its own files.
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER
UNIT
}

# follow_timer SECONDS: counted from the end of a look, so that two never meet.
follow_timer() {
  cat <<UNIT
[Unit]
Description=HAProxy of dojot looks into the repository every $1 s

[Timer]
OnBootSec=30s
OnUnitInactiveSec=$1s
AccuracySec=1s

[Install]
WantedBy=timers.target
UNIT
}
