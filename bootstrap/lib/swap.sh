# shellcheck shell=bash
# effect: nothing: swap is off already where a kubelet runs
#
# Swap: off where a kubelet is to run.

# Before a line of /etc/fstab that is off.
readonly SWAP_MARK='# swap is off for the kubelet: '

# Now, and after every boot: the kubelet does not start while swap is on.
switch_swap_off() {
  local path=${OPTION[root]-}/etc/fstab text
  if [[ -f $path ]]; then
    text=$(awk '$1 !~ /^#/ && $3 == "swap" { print mark $0; next } { print }' mark="$SWAP_MARK" "$path")
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

# After the next boot.
give_swap_back() {
  if grep -qsF -- "$SWAP_MARK" /etc/fstab; then
    write_file /etc/fstab "$(stat -c 0%a -- /etc/fstab)" "$(sed "s/^$SWAP_MARK//" /etc/fstab)"$'\n' keep
  else
    report skipped '/etc/fstab has no swap that is off for the kubelet'
  fi
}
