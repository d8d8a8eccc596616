# shellcheck shell=bash
# This host: who it is in the inventory, its packages and its services.

declare -A SELF=()
APT_UPDATED=''

need_root() {
  # Under --root the rights on that folder decide.
  if ! dry_run && [[ -z ${OPTION[root]-} ]] && ((EUID != 0)); then
    fail 'this step changes the system: run it as root (sudo)'
  fi
}

# self name|address|role|label
self() {
  printf '%s' "${SELF[$1]}"
}

own_addresses() {
  hostname -I 2>/dev/null || true
}

# has_address ADDRESS: is it one of this host's own?
has_address() {
  local addresses address
  addresses=$(own_addresses)
  for address in $addresses; do
    [[ $address != "$1" ]] || return 0
  done
  return 1
}

# Whose are the addresses of this host?
whose_addresses() {
  local row name address addresses owners=''
  addresses=$(own_addresses)
  for row in "${NODES[@]}" "$LOAD_BALANCER_NAME|$LOAD_BALANCER_ADDRESS"; do
    IFS='|' read -r name address _ <<<"$row"
    if has_address "$address"; then
      owners+="${owners:+, }$name ($address)"
    fi
  done
  if [[ -n $owners ]]; then
    printf 'by its addresses it is %s' "$owners"
  else
    printf 'its addresses (%s) belong to no machine of %s' "${addresses% }" "$CLUSTER_NAME"
  fi
}

# A kubelet registers with the address of its node, kubeadm with that of the control plane.
need_own_address() {
  if [[ -n ${OPTION[root]-} ]] || has_address "${SELF[address]}"; then
    return 0
  fi
  refuse "this host is not ${SELF[name]}: it does not have ${SELF[address]}; $(whose_addresses). Run the step on ${SELF[name]}, or put its address right in the inventory"
}

# kubeadm and the kubelet work on the running system.
need_running_system() {
  [[ -z ${OPTION[root]-} ]] || usage_error "--root is for node, volumes and load-balancer: this step works on the running system"
}

# Which node is this host? One of its addresses says it; --node too, for the system of another machine below --root.
identify() {
  local row name address role label wanted
  wanted=$(option node)
  for row in "${NODES[@]}"; do
    IFS='|' read -r name address role label <<<"$row"
    if [[ -n $wanted ]]; then
      [[ $name == "$wanted" ]] || continue
    else
      has_address "$address" || continue
    fi
    SELF=([name]=$name [address]=$address [role]=$role [label]=$label)
    need_own_address
    return 0
  done
  if [[ -n $wanted ]]; then
    fail "the inventory of $CLUSTER_NAME has no node $wanted"
  fi
  fail "this host is no node of $CLUSTER_NAME: $(whose_addresses). Run the step on a node; for the system of one below --root, name it with --node"
}

need_role() {
  [[ ${SELF[role]} == "$1" ]] || fail "${SELF[name]} is a ${SELF[role]} node: run this step on a $1 node"
}

need_system() {
  local release=${OPTION[root]-}/etc/os-release found
  [[ $(uname -m) == x86_64 ]] || fail "this host is $(uname -m): the binaries of the inventory are for x86_64"
  found=$(sed -n 's/^ID=//p; s/^VERSION_ID=//p' "$release" 2>/dev/null | tr -d '"' | sort | paste -sd ' ' || true)
  [[ $found != "$OS_VERSION $OS_NAME" ]] || return 0
  refuse "this host is not $OS_NAME $OS_VERSION: the inventory's platform classes must name what it runs"
}

# ---- packages

apt_get() {
  DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes -o Dpkg::Options::=--force-confold "$@"
}

apt_install() {
  if [[ -z $APT_UPDATED ]]; then
    apt_get update
    finish_installation
    APT_UPDATED=yes
  fi
  apt_get install --no-install-recommends "$@"
}

# An installation that was cut off (the power failed) is finished first: until then apt
# refuses any other. What dpkg cannot configure yet lacks a package, which apt brings.
finish_installation() {
  [[ -n $(dpkg --audit) || -n $(ls /var/lib/dpkg/updates) ]] || return 0
  DEBIAN_FRONTEND=noninteractive dpkg --force-confold --configure --pending || true
  apt_get install --no-remove --fix-broken
}

# The installed version of a package; nothing when it is not installed.
installed_version() {
  local found
  found=$(dpkg-query --show --showformat="\${db:Status-Abbrev}|\${Version}" "$1" 2>/dev/null || true)
  [[ ${found:1:1} != i ]] || printf '%s' "${found#*|}"
}

install_packages() {
  local name missing=()
  for name in "$@"; do
    [[ -n $(installed_version "$name") ]] || missing+=("$name")
  done
  if ((${#missing[@]} == 0)); then
    report skipped "packages are installed: $*"
    return 0
  fi
  live "install packages: ${missing[*]}" apt_install "${missing[@]}"
}

# is_version INSTALLED WANTED: WANTED may end in * (any build of a version).
is_version() {
  if [[ $2 == *'*' ]]; then
    [[ -n $1 && $1 == "${2%\*}"* ]]
  else
    [[ $1 == "$2" ]]
  fi
}

# install_pinned 'NAME|VERSION'...: exactly these versions, and no upgrade behind our back.
install_pinned() {
  local row name version held names=() wrong=()
  held=$(apt-mark showhold 2>/dev/null || true)
  local unheld=()
  for row in "$@"; do
    IFS='|' read -r name version <<<"$row"
    names+=("$name")
    is_version "$(installed_version "$name")" "$version" || wrong+=("$name=$version")
    grep -qxF -- "$name" <<<"$held" || unheld+=("$name")
  done
  if ((${#wrong[@]})); then
    live "install packages: ${wrong[*]}" \
      apt_install --allow-downgrades --allow-change-held-packages "${wrong[@]}"
  else
    report skipped "packages have the inventory's versions: ${names[*]}"
  fi
  if ((${#unheld[@]})); then
    live "hold packages: ${unheld[*]}" apt-mark hold "${unheld[@]}"
  else
    report skipped "packages are held: ${names[*]}"
  fi
}

# add_repository NAME 'URL|SUITE|COMPONENT|KEY URL|FINGERPRINT': its key signs for it alone.
# A flat repository has the suite `/` and no component.
add_repository() {
  local name=$1 url suite component key_url fingerprint
  IFS='|' read -r url suite component key_url fingerprint <<<"$2"
  # The name says which key was checked before it got there.
  local key=/etc/apt/keyrings/$name-$fingerprint.asc
  install_packages ca-certificates curl gnupg
  if [[ -s ${OPTION[root]-}$key ]] && ! key_has_expired "${OPTION[root]-}$key"; then
    report skipped "${OPTION[root]-}$key is in place"
  else
    change "install the signing key $fingerprint" fetch_key "$key_url" "$fingerprint" "${OPTION[root]-}$key"
  fi
  write_file "/etc/apt/sources.list.d/$name.list" 0644 \
    "deb [arch=amd64 signed-by=$key] $url $suite${component:+ $component}"$'\n'
  if file_changed; then
    APT_UPDATED=''
  fi
}

# Owners prolong a key under its old fingerprint: then a new copy is needed.
key_has_expired() {
  local home='' found
  scratch_folder home
  found=$(gpg --import-options show-only --homedir "$home" --batch --quiet --with-colons --import "$1" 2>/dev/null || true)
  grep -q '^pub:e:' <<<"$found"
}

# fetch_key URL FINGERPRINT PATH: whatever comes from URL, only this key reaches PATH.
fetch_key() {
  local url=$1 fingerprint=$2 path=$3 home='' temporary=''
  mkdir -p -- "${path%/*}"
  scratch_folder home
  scratch temporary "${path%/*}/.key.XXXXXX"
  download "$url" "$home/download"
  gpg --homedir "$home" --batch --quiet --import "$home/download"
  gpg --homedir "$home" --batch --armor --export "$fingerprint" >"$temporary"
  [[ -s $temporary ]] || fail "$url does not hold the key $fingerprint; nothing was installed"
  chmod 0644 "$temporary"
  mv --force -- "$temporary" "$path"
}

# ---- kernel settings

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

# ---- services

is_active() {
  [[ -z ${OPTION[root]-} ]] && systemctl is-active --quiet "$1" 2>/dev/null
}

# run_service NAME [restart]: enabled and running; `restart` when its files have changed.
run_service() {
  local name=$1 restart=${2-}
  if [[ -z ${OPTION[root]-} ]] && systemctl is-enabled --quiet "$name" 2>/dev/null; then
    report skipped "service $name is enabled"
  else
    live "enable service $name" systemctl enable "$name"
  fi
  if ! is_active "$name"; then
    live "start service $name" systemctl start "$name"
  elif [[ -n $restart ]]; then
    live "restart service $name" systemctl restart "$name"
  else
    report skipped "service $name is running"
  fi
}
