# shellcheck shell=bash
# effect: SYSCTL_CONF HAPROXY_SYSCTL haproxy/99-dojot-haproxy.conf write_sysctl: nothing: the kernel takes the
#   settings at once; one that is gone stays until the next boot
#
# Kernel settings of this host.

# write_sysctl PATH TEXT: now, and after every boot.
write_sysctl() {
  local name value found different=${OPTION[root]-}
  write_file "$1" 0644 "$2"
  while [[ -z $different ]] && IFS=' =' read -r name value; do
    [[ -n $name && $name != '#'* ]] || continue
    # The kernel parts the numbers of a range by a tab.
    found=$(sysctl -n "${name#-}" 2>/dev/null | tr '\t' ' ' || true)
    [[ $found == "$value" ]] || different=yes
  done <<<"$2"
  if [[ -n $different ]]; then
    live "apply $1" sysctl --load="$1"
  else
    report skipped "the kernel has the settings of $1"
  fi
}
