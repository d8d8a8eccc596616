# shellcheck shell=bash
# Step `node`: makes a plain host ready to be a node of the cluster.

step_node() {
  need_root
  identify
  need_system
  set_hostname
  write_hosts
  switch_swap_off
  load_modules
  apply_sysctl
  install_packages "${OS_PACKAGES[@]}"
  "runtime_$RUNTIME_NAME"
  install_kubernetes
}

set_hostname() {
  local name
  name=$(self name)
  write_file /etc/hostname 0644 "$name"$'\n'
  if [[ -z ${OPTION[root]-} && $(hostname) == "$name" ]]; then
    report skipped "the host name is $name"
  else
    live "set the host name to $name" hostnamectl set-hostname "$name"
  fi
}

# Every node knows the others by name, whatever the DNS of the site says.
write_hosts() {
  local path=${OPTION[root]-}/etc/hosts text='' row name address
  if [[ -f $path ]]; then
    text=$(sed '/^# dojot nodes: begin$/,/^# dojot nodes: end$/d' "$path")$'\n'
  fi
  text+=$'# dojot nodes: begin\n'
  for row in "${NODES[@]}"; do
    IFS='|' read -r name address _ <<<"$row"
    text+="$address $name"$'\n'
  done
  text+="$LOAD_BALANCER_ADDRESS $LOAD_BALANCER_NAME"$'\n'
  text+=$'# dojot nodes: end\n'
  write_file /etc/hosts 0644 "$text"
}

# Now, and after every boot: the kubelet does not start while swap is on.
switch_swap_off() {
  local path=${OPTION[root]-}/etc/fstab text
  if [[ -f $path ]]; then
    text=$(awk '$1 !~ /^#/ && $3 == "swap" { print "# swap is off for the kubelet: " $0; next } { print }' "$path")
    write_file /etc/fstab "$(stat -c 0%a -- "$path")" "$text"$'\n' keep
  else
    report skipped "$path does not exist"
  fi
  if [[ -z ${OPTION[root]-} && $(wc -l </proc/swaps) -le 1 ]]; then
    report skipped 'swap is off'
  else
    live 'switch swap off' swapoff --all
  fi
}

load_modules() {
  local module missing=()
  write_file /etc/modules-load.d/dojot.conf 0644 "$(printf '%s\n' "${KERNEL_MODULES[@]}")"$'\n'
  for module in "${KERNEL_MODULES[@]}"; do
    [[ -z ${OPTION[root]-} && -d /sys/module/$module ]] || missing+=("$module")
  done
  if ((${#missing[@]})); then
    live "load kernel modules: ${missing[*]}" modprobe --all "${missing[@]}"
  else
    report skipped 'kernel modules are loaded'
  fi
}

apply_sysctl() {
  local file=/etc/sysctl.d/90-dojot.conf name value different=''
  write_file "$file" 0644 "$SYSCTL_CONF"
  while IFS='= ' read -r name value; do
    [[ $(sysctl -n "$name" 2>/dev/null || true) == "$value" ]] || different=yes
  done <<<"${SYSCTL_CONF%$'\n'}"
  if [[ -n $different || -n ${OPTION[root]-} ]]; then
    live "apply $file" sysctl --load="$file"
  else
    report skipped 'kernel settings are in force'
  fi
}
