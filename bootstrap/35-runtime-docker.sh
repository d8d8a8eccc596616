# shellcheck shell=bash
# Container runtime `docker`. One part a runtime: platform.runtime.name chooses it.

runtime_docker() {
  local was_active='' configured=''
  if is_active "$RUNTIME_SERVICE"; then
    was_active=yes
  fi
  # The configuration comes first: the package starts the service as it installs.
  write_file /etc/docker/daemon.json 0644 "$DOCKER_DAEMON_JSON" keep
  if file_changed; then
    configured=yes
  fi
  add_repository docker "$RUNTIME_REPOSITORY"
  install_pinned "${RUNTIME_PACKAGES[@]}"
  if [[ -n $was_active && -n $configured ]]; then
    run_service "$RUNTIME_SERVICE" restart
  else
    run_service "$RUNTIME_SERVICE"
  fi
}
