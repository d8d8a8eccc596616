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

# What is inside stays as it is: only the directory itself gets owner and mode.
make_directory() {
  if [[ -d $1 && $(stat -c '%u:%g %a' -- "$1") == "$2:$2 750" ]]; then
    report skipped "$1 exists (owner $2, mode 0750)"
  else
    change "make $1 (owner $2, mode 0750)" \
      install --directory --mode=0750 --owner="$2" --group="$2" -- "$1"
  fi
}
