# shellcheck shell=bash
# effect: reload: nft puts the new table in the place of the old one at once; connections that are open stay open
# effect: FIREWALL_ENABLED: replace: the firewall comes; or it goes, and every port of the node is open to whoever
#   reaches it
#
# The firewall of a node: a table of nftables of its own, loaded before the network comes up at every boot. SSH is not in
# it, so that no mistake of the inventory locks anybody out.

readonly FIREWALL_FILE=/etc/dojot/firewall.nft
readonly FIREWALL_SERVICE=dojot-firewall

configure_firewall() {
  if [[ $FIREWALL_ENABLED == true ]]; then
    install_firewall
  else
    remove_firewall
  fi
}

install_firewall() {
  check_firewall
  owing "$FIREWALL_SERVICE" write_file "$FIREWALL_FILE" 0644 "$FIREWALL"
  write_file "/etc/systemd/system/$FIREWALL_SERVICE.service" 0644 "$(firewall_unit)"$'\n'
  read_unit "$FIREWALL_SERVICE"
  # A program that has flushed every table has taken this one along.
  if is_active "$FIREWALL_SERVICE" && { is_owed "$FIREWALL_SERVICE" || ! firewall_is_loaded; }; then
    live 'load the firewall anew' systemctl reload "$FIREWALL_SERVICE"
    settle "$FIREWALL_SERVICE"
  fi
  run_service "$FIREWALL_SERVICE"
}

# Before it takes the place of one that works.
check_firewall() {
  local file=''
  ! dry_run && [[ -z ${OPTION[root]-} ]] || return 0
  scratch file "${TMPDIR:-/tmp}/dojot-firewall.XXXXXX"
  printf '%s' "$FIREWALL" >"$file"
  working_on 'check the firewall'
  nft --check --file "$file" >&2 || fail "nft refuses the firewall of the inventory, see above: nothing of it was changed"
}

# Beside what nft makes of the file in a network of its own: it writes rules otherwise than a file may. What a rule has
# counted is none of it.
firewall_is_loaded() {
  local loaded wanted
  loaded=$(nft --stateless list table inet dojot 2>/dev/null) || return 1
  wanted=$(unshare --net -- bash -c "nft --file $FIREWALL_FILE && nft --stateless list table inet dojot" 2>/dev/null) || return 0
  [[ $loaded == "$wanted" ]]
}

remove_firewall() {
  local unit=/etc/systemd/system/$FIREWALL_SERVICE.service
  if [[ ! -e ${OPTION[root]-}$unit ]]; then
    report skipped 'this host has no firewall of this script'
    return 0
  fi
  live 'take the firewall away' systemctl disable --now "$FIREWALL_SERVICE"
  change "remove $unit" rm -f -- "${OPTION[root]-}$unit"
  live 'read the unit files again' systemctl daemon-reload
}

# After nftables.service, which begins with flushing every table where somebody uses it.
firewall_unit() {
  cat <<UNIT
[Unit]
Description=Who may reach which ports of this node
Documentation=man:nft(8)
Wants=network-pre.target
Before=network-pre.target shutdown.target
After=nftables.service
Conflicts=shutdown.target
DefaultDependencies=no

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft --file $FIREWALL_FILE
ExecReload=/usr/sbin/nft --file $FIREWALL_FILE
ExecStop=/usr/sbin/nft delete table inet dojot

[Install]
WantedBy=sysinit.target
UNIT
}
