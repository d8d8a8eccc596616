# shellcheck shell=bash
# effect: nothing: programs find the new addresses when they look a name up again
# effect: API_HOST OTHER_CONTROL_PLANES api_addresses: nothing: programs find another API server when they connect anew
#
# /etc/hosts: every machine knows the others by name, whatever the DNS of the site says.

readonly HOSTS_BEGIN='# dojot nodes: begin' HOSTS_END='# dojot nodes: end'
# Where cloud-init is told to manage /etc/hosts, it makes that file anew from this one at every boot.
readonly HOSTS_TEMPLATE=/etc/cloud/templates/hosts.debian.tmpl

write_hosts() {
  write_hosts_block /etc/hosts
  if [[ -f ${OPTION[root]-}$HOSTS_TEMPLATE ]]; then
    write_hosts_block "$HOSTS_TEMPLATE"
  fi
}

# write_hosts_block PATH: our lines at its end, all others as they are.
write_hosts_block() {
  local path=${OPTION[root]-}$1 text='' row name address
  if [[ -f $path ]]; then
    need_whole_block "$path"
    text=$(sed "/^$HOSTS_BEGIN\$/,/^$HOSTS_END\$/d" "$path")$'\n'
  fi
  text+=$HOSTS_BEGIN$'\n'
  for row in "${NODES[@]}"; do
    columns "$row" name address _
    text+="$address $name"$'\n'
  done
  for row in "${LOAD_BALANCERS[@]}"; do
    columns "$row" name address _
    text+="$address $name"$'\n'
  done
  for address in $(api_addresses); do
    text+="$address $API_HOST"$'\n'
  done
  text+=$HOSTS_END$'\n'
  write_file "$1" 0644 "$text" keep
}

# api_addresses: those of several control planes, by one name. Whoever speaks to the API server, all of it written in Go,
# tries them in this order until one accepts. A control plane asks its own first, as soon as it has one.
api_addresses() {
  local row name address role own=''
  ((${#OTHER_CONTROL_PLANES[@]})) || return 0
  if [[ -z ${OPTION[root]-} && -e $API_SERVER_MANIFEST ]]; then
    own=${SELF[address]-}
  fi
  [[ -z $own ]] || printf '%s\n' "$own"
  for row in "${NODES[@]}"; do
    columns "$row" name address role _
    [[ $role != control-plane || $address == "$own" ]] || printf '%s\n' "$address"
  done
}

remove_hosts() {
  local path
  for path in /etc/hosts "$HOSTS_TEMPLATE"; do
    if grep -qsxF -- "$HOSTS_BEGIN" "$path"; then
      need_whole_block "$path"
      write_file "$path" 0644 "$(sed "/^$HOSTS_BEGIN\$/,/^$HOSTS_END\$/d" "$path")"$'\n' keep
    else
      report skipped "$path has no lines of this script"
    fi
  done
}

# need_whole_block PATH: one begin and one end after it, or neither. Otherwise nobody knows which lines are ours.
need_whole_block() {
  local marks whole=$'^begin[^\n]*\nend[^\n]*$'
  marks=$(awk -v begin="$HOSTS_BEGIN" -v end="$HOSTS_END" \
    '$0 == begin { print "begin in line " NR } $0 == end { print "end in line " NR }' "$1")
  [[ -n $marks && ! $marks =~ $whole ]] || return 0
  fail "$1 must have the line \"$HOSTS_BEGIN\" once and \"$HOSTS_END\" once after it, or neither; it has ${marks//$'\n'/, }. Nothing was written: mend or delete these lines, and what is between them"
}
