# shellcheck shell=bash
# effect: haproxy/<host>.keepalived.conf KEEPALIVED_PACKAGES keep_address: reload: keepalived is reloaded; the shared address
#   may go to another host, which ends its sessions
# effect: SHARED_ADDRESS end_keepalived: nothing: the address goes to no host any more
#
# The address that several load balancers share: one of them has it, the others wait.

readonly KEEPALIVED_CONFIG=/etc/keepalived/keepalived.conf

# keep_address FOLDER: of compiled files. HAProxy runs by now: without it this host would not get the address.
keep_address() {
  if [[ -z $SHARED_ADDRESS ]]; then
    end_keepalived
    return 0
  fi
  need_compiled haproxy "$(self name).keepalived.conf"
  owing keepalived write_file "$KEEPALIVED_CONFIG" 0640 "$(<"$1/$(self name).keepalived.conf")"$'\n' keep
  # keepalived asks HAProxy with curl.
  install_packages curl
  install_pinned "${KEEPALIVED_PACKAGES[@]}"
  # A restart would give the address to another host, and end all sessions.
  if is_active keepalived && is_owed keepalived; then
    live 'reload keepalived' systemctl reload keepalived
    settle keepalived
  fi
  run_service keepalived
}

# Also where the inventory had one before.
end_keepalived() {
  if [[ ! -e ${OPTION[root]-}$KEEPALIVED_CONFIG ]]; then
    report skipped 'no address is shared'
    return 0
  fi
  end_service keepalived
  remove_paths 'keepalived: its configuration' "$KEEPALIVED_CONFIG"{,.previous}
}
