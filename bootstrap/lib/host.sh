# shellcheck shell=bash
# option: --node NAME: this host is NAME, whose address it has (default: the one whose address it has)
# option: --root DIR: prepare the system under DIR, such as a mounted image; with --node, of any node
# effect: identify identify_balancer other_balancers: looks: a host finds its own row; what steps take from that counts by
#   itself
# effect: need_own_address need_role: person: the host gets another address or role by hand; what has joined keeps the
#   former one: drain it, remove, join anew
# effect: need_system: person: the step refuses a host of another system: upgrade it, or install it anew, by hand
# effect: set_hostname: nothing: the host is called otherwise; no program starts anew
#
# This host: who it is in the inventory.

declare -A SELF=()

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
  for row in "${NODES[@]}" "${LOAD_BALANCERS[@]}"; do
    columns "$row" name address _
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
  [[ -z ${OPTION[root]-} ]] || usage_error "--root is for $(steps_that_take --root): this step works on the running system"
}

# Which node is this host? One of its addresses says it; --node too, for the system of another machine below --root.
identify() {
  local row name address role label wanted
  wanted=$(option node)
  for row in "${NODES[@]}"; do
    columns "$row" name address role label
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

# identify_balancer [NAME]: SELF is the load balancer of this name, or the one whose address this host has; 1: there is none.
identify_balancer() {
  local row name address role
  for row in "${LOAD_BALANCERS[@]}"; do
    columns "$row" name address role _
    if [[ -n ${1-} && $name == "$1" ]] || { [[ -z ${1-} ]] && has_address "$address"; }; then
      SELF=([name]=$name [address]=$address [role]=$role [label]='')
      return 0
    fi
  done
  return 1
}

# other_balancers: names of the load balancers but this one.
other_balancers() {
  local row name others=''
  for row in "${LOAD_BALANCERS[@]}"; do
    columns "$row" name _
    [[ $name == "$(self name)" ]] || others+="${others:+, }$name"
  done
  printf '%s' "$others"
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

set_hostname() {
  write_file /etc/hostname 0644 "$1"$'\n'
  if [[ -z ${OPTION[root]-} && $(hostname) == "$1" ]]; then
    report skipped "the host name is $1"
  else
    live "set the host name to $1" hostnamectl set-hostname "$1"
  fi
}

# --root without its trailing slash; `/` is the running system.
check_root_option() {
  local given
  given=$(option root)
  given=${given%/}
  [[ -z $given || -d $given ]] || usage_error "--root $given is not a directory"
  set_option root "$given"
}
