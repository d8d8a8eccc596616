# shellcheck shell=bash
# What container runtimes that come as a pinned package have in common.

# install_runtime FILE: the runtime's configuration, its packages, its service.
install_runtime() {
  local was_active='' configured=''
  if is_active "$RUNTIME_SERVICE"; then
    was_active=yes
  fi
  # The configuration comes first: the package starts the service as it installs.
  write_file "$1" 0644 "$RUNTIME_CONFIG" keep
  if file_changed; then
    configured=yes
  fi
  add_repository "$RUNTIME_NAME" "$RUNTIME_REPOSITORY"
  install_pinned "${RUNTIME_PACKAGES[@]}"
  if [[ -n $was_active && -n $configured ]]; then
    run_service "$RUNTIME_SERVICE" restart
  else
    run_service "$RUNTIME_SERVICE"
  fi
}
