# shellcheck shell=bash
# effect: SYSCTL_CONF HAPROXY_SYSCTL haproxy/99-dojot-haproxy.conf write_sysctl: nothing: the kernel takes the
#   settings at once; one that is gone stays until the next boot
# effect: KERNEL_MODULES load_modules: nothing: modules are loaded; one that is gone stays until the next boot
#
# Kernel settings of this host, and of a node its modules.

readonly NODE_SYSCTL=/etc/sysctl.d/90-dojot.conf NODE_MODULES=/etc/modules-load.d/dojot.conf

# write_sysctl PATH TEXT: now, and after every boot.
write_sysctl() {
  local name value found different=''
  write_file "$1" 0644 "$2"
  while [[ -z ${OPTION[root]-} ]] && IFS=' =' read -r name value; do
    [[ -n $name && $name != '#'* ]] || continue
    # The kernel parts the numbers of a range by a tab.
    found=$(sysctl -n "${name#-}" 2>/dev/null | tr '\t' ' ' || true)
    [[ $found == "$value" ]] || different+="${different:+, }${name#-} is ${found:-not there}"
  done <<<"$2"
  if [[ -n $different || -n ${OPTION[root]-} ]]; then
    live "apply $1${different:+: $different}" sysctl --load="$1"
  else
    report skipped "the kernel has the settings of $1"
  fi
}

load_modules() {
  local module missing=()
  write_file "$NODE_MODULES" 0644 "$(printf '%s\n' "${KERNEL_MODULES[@]}")"$'\n'
  for module in "${KERNEL_MODULES[@]}"; do
    module_is_loaded "$module" || missing+=("$module")
  done
  if ((${#missing[@]})); then
    live "load kernel modules: ${missing[*]}" modprobe --all "${missing[@]}"
  else
    report skipped 'kernel modules are loaded'
  fi
}

# A module that is part of the kernel itself need not have a folder in /sys.
module_is_loaded() {
  [[ -z ${OPTION[root]-} ]] || return 1
  [[ -d /sys/module/$1 ]] ||
    grep -q -- "/$1\.ko$" "/lib/modules/$(uname -r)/modules.builtin" 2>/dev/null
}

# What is set and loaded stays so until the next boot.
remove_kernel_files() {
  remove_paths 'kernel settings and modules' "$NODE_SYSCTL" "$NODE_MODULES"
}
