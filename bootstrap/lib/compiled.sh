# shellcheck shell=bash
# option: --compiled DIR: the compiled folder of this cluster (default: the one above this script)
#
# The compiled folder of this cluster: --compiled, or the one that holds this script.

compiled() {
  local given
  given=$(option compiled)
  printf '%s' "${given:-$(dirname -- "${BASH_SOURCE[0]}")/..}"
}

# need_compiled FOLDER FILE...
need_compiled() {
  local folder file
  folder=$(compiled)/$1
  shift
  for file in "$@"; do
    [[ -r $folder/$file ]] ||
      fail "$folder/$file is missing: copy the whole compiled/$CLUSTER_NAME to this machine, or name its place with --compiled"
  done
}
