# shellcheck shell=bash
# effect: nothing: programs find the new addresses when they look a name up again
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
  text+="$LOAD_BALANCER_ADDRESS $LOAD_BALANCER_NAME"$'\n'
  text+=$HOSTS_END$'\n'
  write_file "$1" 0644 "$text" keep
}

# need_whole_block PATH: one begin and one end after it, or neither. Otherwise nobody knows which lines are ours.
need_whole_block() {
  local marks whole=$'^begin[^\n]*\nend[^\n]*$'
  marks=$(awk -v begin="$HOSTS_BEGIN" -v end="$HOSTS_END" \
    '$0 == begin { print "begin in line " NR } $0 == end { print "end in line " NR }' "$1")
  [[ -n $marks && ! $marks =~ $whole ]] || return 0
  fail "$1 must have the line \"$HOSTS_BEGIN\" once and \"$HOSTS_END\" once after it, or neither; it has ${marks//$'\n'/, }. Nothing was written: mend or delete these lines, and what is between them"
}
