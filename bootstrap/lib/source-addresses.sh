# shellcheck shell=bash
# effect: need_source_addresses: person: HAProxy connects from other addresses: the host has to have them before
#
# The addresses from which a load balancer connects to brokers.

# HAProxy cannot connect from an address that the host does not have. Interfaces are the system's own affair, whatever sets
# them up there (netplan, systemd-networkd, ifupdown): so a person adds addresses, and this step looks.
need_source_addresses() {
  local row address addresses lacks=''
  [[ -z ${OPTION[root]-} ]] || return 0
  while IFS= read -r row; do
    columns "$row" _ _ _ addresses
    for address in $addresses; do
      has_address "$address" || lacks+="${lacks:+, }$address"
    done
  done < <(rows "$(self name)" "${LOAD_BALANCERS[@]}")
  [[ -z $lacks ]] ||
    refuse "this host does not have $lacks (load_balancers.$(self name).source_addresses): add it to its interface, so that it is there after a boot, too"
}
