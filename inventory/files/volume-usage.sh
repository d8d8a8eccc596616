#!/bin/sh
# Prints the bytes that each volume of this node holds, as metrics. volumes.txt, beside this script,
# lists the directories of all nodes; those that are not here belong to another.
set -eu

node=${NODE:?}
list=${VOLUMES:-$(dirname "$0")/volumes.txt}

echo '# HELP dojot_volume_used_bytes Bytes on disk below the directory of a volume.'
echo '# TYPE dojot_volume_used_bytes gauge'
while read -r path; do
  [ -d "$path" ] || continue
  # Files come and go while du looks; what it could not read it names, and sums up the rest.
  used=$(du -sk "$path" | tail -n 1 | cut -f 1)
  printf 'dojot_volume_used_bytes{node="%s",path="%s"} %s\n' "$node" "$path" "$((used * 1024))"
done <"$list"
