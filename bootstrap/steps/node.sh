# shellcheck shell=bash
# help: make this host ready to be a node: name, swap, kernel, firewall, container runtime, Kubernetes
# where: every node
# after: nothing
# options: --node --root --dry-run
# guide: hostnames, swap, container runtime, kubeadm, kubelet, kubectl
# worked: a second run says only `skipped`
# effect: KERNEL_MODULES load_modules: nothing: modules are loaded; one that is gone stays until the next boot
# effect: OS_PACKAGES: nothing: packages that are missing come; one that is gone stays
# effect: RUNTIME_NAME RUNTIME_SERVICE KUBERNETES_FROM: person: the former runtime or kubelet is not taken away: drain
#   the node, and install it anew
# effect: switch_swap_off: nothing: swap is off already where a kubelet runs

step_node() {
  need_root
  identify
  need_system
  check_kubelet_version
  set_hostname "$(self name)"
  write_hosts
  switch_swap_off
  load_modules
  write_sysctl /etc/sysctl.d/90-dojot.conf "$SYSCTL_CONF"
  leave_running "$RUNTIME_SERVICE" containerd kubelet
  install_packages "${OS_PACKAGES[@]}"
  configure_firewall
  "runtime_$RUNTIME_NAME"
  "install_kubernetes_$KUBERNETES_FROM"
  enable_kubelet
  take_kubelet_config
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
