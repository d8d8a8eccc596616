# shellcheck shell=bash
# Step `volumes`: the directories behind this node's local PersistentVolumes.

step_volumes() {
  need_root
  identify
  local row node owner path found=''
  for row in "${DISKS[@]}"; do
    IFS='|' read -r node owner path <<<"$row"
    [[ $node == "$(self name)" ]] || continue
    found=yes
    make_directory "${OPTION[root]-}$path" "$owner"
  done
  [[ -n $found ]] || report skipped "no volume lives on $(self name)"
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
