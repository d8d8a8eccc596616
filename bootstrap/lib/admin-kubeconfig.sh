# shellcheck shell=bash
# effect: nothing: the administrator's kubeconfig on this host
#
# A copy of the administrator's kubeconfig for the person who runs a step (with sudo: that person, not root), readable by
# nobody else. One that is another file stays.

kubeconfig_user() {
  printf '%s' "${SUDO_USER:-root}"
}

write_kubeconfig() {
  local path
  path=$(own_kubeconfig)
  if [[ ! -e $path ]]; then
    change "write $path (0600, $(kubeconfig_user))" copy_kubeconfig "$(kubeconfig_user)" "$path"
  elif cmp --silent -- "$path" "$ADMIN_CONF"; then
    report skipped "$path is the administrator's kubeconfig"
  else
    report skipped "$path is another kubeconfig, which stays; use --kubeconfig=$ADMIN_CONF"
  fi
}

copy_kubeconfig() {
  install --directory --mode=0700 --owner="$1" --group="$(id -gn "$1")" "${2%/*}"
  install --mode=0600 --owner="$1" --group="$(id -gn "$1")" "$ADMIN_CONF" "$2"
}

# owe_kubeconfig: before kubeadm renews the certificate in admin.conf: what is a copy now is one afterwards.
owe_kubeconfig() {
  if cmp --silent -- "$(own_kubeconfig)" "$ADMIN_CONF"; then
    owe "kubeconfig-of-$(kubeconfig_user)"
  fi
}

renew_kubeconfig() {
  local user
  user=$(kubeconfig_user)
  if is_owed "kubeconfig-of-$user"; then
    change "write $(own_kubeconfig) (0600, $user): its certificate is a new one" copy_kubeconfig "$user" "$(own_kubeconfig)"
    settle "kubeconfig-of-$user"
  fi
}
