# shellcheck shell=bash
# help: make the directories of the local volumes of this node (owner as its service runs, mode 0750)
# where: every node
# after: node
# options: --node --root --dry-run
# guide: making the volume directories by hand
# worked: a second run says only `skipped`
# effect: nothing: a directory that is missing is made, empty; one that is no longer named stays, with its data

step_volumes() {
  need_root
  identify
  local mine row owner path paths=() owners=() place
  mapfile -t mine < <(rows "$(self name)" "${DISKS[@]}")
  for row in "${mine[@]}"; do
    columns "$row" _ owner path
    paths+=("$path") owners+=("$owner")
  done
  if ((${#paths[@]} == 0)); then
    report skipped "no volume lives on $(self name)"
    return 0
  fi
  need_no_lost_volume "${paths[@]}"
  for place in "${!paths[@]}"; do
    make_directory "${OPTION[root]-}${paths[place]}" "${owners[place]}"
  done
  write_file "$VOLUMES_RECORD" 0644 "$({ recorded_volumes && printf '%s\n' "${paths[@]}"; } | sort --unique)"$'\n'
}

# need_no_lost_volume DIRECTORY...: each that is in the record is still there.
need_no_lost_volume() {
  local path recorded lost=''
  recorded=$(recorded_volumes)
  for path in "$@"; do
    if [[ ! -d ${OPTION[root]-}$path ]] && grep -qxF -- "$path" <<<"$recorded"; then
      lost+="${lost:+, }${OPTION[root]-}$path"
    fi
  done
  [[ -z $lost ]] ||
    refuse "this step has made $lost before, and now that is not there: is its disk mounted (findmnt, /etc/fstab)? Nothing was made. To start empty on purpose, take its line out of ${OPTION[root]-}$VOLUMES_RECORD and run this step again"
}

# What is inside stays as it is: only the directory itself gets owner and mode. The
# kubelet gives a mounted volume to its pod's group and opens it to that group, which
# is as it should be; whoever else may look in is not.
make_directory() {
  local mode
  if [[ -d $1 && $(stat -c '%u' -- "$1") == "$2" ]]; then
    mode=$(stat -c '%a' -- "$1")
    if [[ ${mode: -1} == 0 ]]; then
      report skipped "$1 exists (owner $2, closed to others)"
      return 0
    fi
  fi
  change "make $1 (owner $2, mode 0750)" \
    install --directory --mode=0750 --owner="$2" --group="$2" -- "$1"
}
