# shellcheck shell=bash
# effect: RUNTIME_MIRROR set_mirror: nothing: the next pull asks it; pods and images stay
# effect: RUNTIME_OPEN_FILES write_runtime_limits: restart: the runtime starts anew, which ends no pod; pods keep
#   their old limit until they are made again: the step says how
#
# What container runtimes that come as a pinned package have in common.

# containerd's, for registries that have no folder of their own; Docker has its mirror in RUNTIME_CONFIG.
readonly MIRROR_FILE=/etc/containerd/certs.d/_default/hosts.toml
readonly MIRROR_MARK='# Written by the bootstrap of dojot (platform.runtime.mirror).'
readonly RUNTIME_LIMITS=/etc/systemd/system/$RUNTIME_SERVICE.service.d/90-dojot.conf

# install_runtime FILE: the runtime's limits, its configuration, its packages, its service.
install_runtime() {
  local was_active='' limited=''
  if is_active "$RUNTIME_SERVICE"; then
    was_active=yes
  fi
  # Both files come first: the package starts the service as it installs.
  if [[ -n $RUNTIME_OPEN_FILES ]]; then
    write_runtime_limits
    if file_changed; then
      limited=yes
    fi
  fi
  set_runtime_proxy
  set_mirror
  owing "$RUNTIME_SERVICE" write_file "$1" 0644 "$RUNTIME_CONFIG" keep
  add_repository "$RUNTIME_NAME" "$RUNTIME_REPOSITORY"
  install_pinned "${RUNTIME_PACKAGES[@]}"
  if [[ -z $was_active ]]; then
    settle "$RUNTIME_SERVICE"
  fi
  if [[ -n $was_active && -n $limited ]] || runtime_has_old_limits; then
    live "restart service $RUNTIME_SERVICE: containers may open $RUNTIME_OPEN_FILES files; $(what_keeps_old_limits)" \
      systemctl restart "$RUNTIME_SERVICE"
    settle "$RUNTIME_SERVICE"
  fi
  run_service "$RUNTIME_SERVICE"
}

# Asked as the registry itself would be, with its name as `ns`; the registry comes after it. Read at each pull.
set_mirror() {
  if [[ -n $RUNTIME_MIRROR ]]; then
    write_file "$MIRROR_FILE" 0644 "$MIRROR_MARK
[host.\"$RUNTIME_MIRROR\"]
capabilities = [\"pull\", \"resolve\"]
"
  else
    remove_mirror
  fi
}

# One of somebody else's stays.
remove_mirror() {
  local path=${OPTION[root]-}$MIRROR_FILE
  if [[ -f $path && $(head -n 1 -- "$path") == "$MIRROR_MARK" ]]; then
    remove_paths 'the mirror of registries' "$path"
  fi
}

# Containers inherit the limit of open files of the runtime's unit. Where its package leaves that to
# systemd, they would have 1,024.
write_runtime_limits() {
  write_file "$RUNTIME_LIMITS" 0644 \
    $'[Service]\n'"LimitNOFILE=$RUNTIME_OPEN_FILES"$'\n'
  read_unit "$RUNTIME_SERVICE"
}

# Does the runtime run since before its limit was there? The file alone does not tell: whoever
# wrote it may have been stopped before the restart. A program in Go raises its own soft limit to one
# below the hard one, unless both are alike as here, and hands on what it was started with.
runtime_has_old_limits() {
  local limit most
  [[ -n $RUNTIME_OPEN_FILES ]] && is_active "$RUNTIME_SERVICE" || return 1
  limit=$(open_files "$(systemctl show --property=MainPID --value "$RUNTIME_SERVICE")" soft)
  # systemd gives no more than it may open itself.
  most=$(open_files 1 hard)
  [[ $limit =~ ^[0-9]+$ && $most =~ ^[0-9]+$ ]] || return 1
  ((limit < (RUNTIME_OPEN_FILES < most ? RUNTIME_OPEN_FILES : most)))
}

# open_files PID soft|hard: the limit of a running process.
open_files() {
  awk -v column="$2" '/^Max open files/ { print column == "soft" ? $4 : $5 }' "/proc/$1/limits" 2>/dev/null || true
}

# Restarting the runtime ends no container, and what starts them keeps the limit that it was started with.
what_keeps_old_limits() {
  local row label
  printf 'pods that run here keep their old limit until they are made again'
  for row in "${BROKERS[@]}"; do
    columns "$row" _ _ _ label _
    if [[ $label == "$(self label)" ]]; then
      printf ', the brokers one by one with: %s' "$(how_to_renew "$row")"
    fi
  done
}

# how_to_renew ROW of BROKERS: a command that makes each broker's pod again, once the one before it is ready.
how_to_renew() {
  local namespace set count number pods=''
  columns "$1" namespace set count _
  for ((number = 0; number < count; number++)); do
    pods+=" $set-$number"
  done
  printf '%s' "for pod in$pods; do kubectl --namespace=$namespace delete pod \$pod && kubectl --namespace=$namespace rollout status statefulset/$set || break; done"
}

# The command that lists this host's containers, those of the control plane too.
list_containers() {
  if [[ $RUNTIME_NAME == docker ]]; then
    printf 'docker ps --all'
  else
    printf 'crictl ps --all'
  fi
}
