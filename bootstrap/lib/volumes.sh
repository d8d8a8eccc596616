# shellcheck shell=bash
# What the step volumes has made on this node.

# On the system's disk: a directory a line. A disk of data that is missing
# would otherwise be made up by empty directories, and the databases would start empty.
readonly VOLUMES_RECORD=/etc/dojot/volumes

recorded_volumes() {
  if [[ -f ${OPTION[root]-}$VOLUMES_RECORD ]]; then
    cat -- "${OPTION[root]-}$VOLUMES_RECORD"
  fi
}
