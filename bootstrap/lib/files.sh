# shellcheck shell=bash
# Files of this host: written beside their place and moved into it, so that no
# reader ever sees half a file.

FILE_CHANGED=''

# Did the last write_file or fetch change the file (or would it)?
file_changed() {
  [[ -n $FILE_CHANGED ]]
}

# Before it is changed.
file_changes() {
  FILE_CHANGED=yes
  owe_creditor
}

# is_written PATH MODE TEXT: would write_file leave it as it is?
is_written() {
  local path=${OPTION[root]-}$1
  [[ -f $path && $(stat -c %a -- "$path") == "${2#0}" ]] && cmp --silent -- "$path" <(printf '%s' "$3")
}

# write_file PATH MODE TEXT [keep]: `keep` leaves the former file as PATH.previous.
write_file() {
  local path=${OPTION[root]-}$1 mode=$2 text=$3 keep=${4-} temporary=''
  FILE_CHANGED=''
  if is_written "$@"; then
    report skipped "$path is as it should be"
    return 0
  fi
  file_changes
  if dry_run; then
    report would "write $path"
    return 0
  fi
  working_on "write $path"
  mkdir -p -- "${path%/*}"
  if [[ -n $keep && -e $path ]]; then
    cp --preserve=all -- "$path" "$path.previous"
  fi
  scratch temporary "${path%/*}/.${path##*/}.XXXXXX"
  printf '%s' "$text" >"$temporary"
  chmod -- "$mode" "$temporary"
  mv --force -- "$temporary" "$path"
  report 'done' "write $path"
}

# download URL PATH: over HTTPS only, redirects included.
download() {
  # The bounds of speed are for a mirror that stalls: no bound of time suits every line.
  through_proxy curl --fail --silent --show-error --location --proto '=https' --retry 3 \
    --connect-timeout 20 --speed-limit 1024 --speed-time 60 --output "$2" -- "$1"
}

has_sha256() {
  [[ -f $1 ]] && printf '%s  %s\n' "$2" "$1" | sha256sum --check --status
}

# fetch URL SHA256 PATH MODE: only bytes with this checksum ever reach PATH.
fetch() {
  local url=$1 sha256=$2 path=${OPTION[root]-}$3 mode=$4 temporary=''
  FILE_CHANGED=''
  if has_sha256 "$path" "$sha256"; then
    report skipped "$path has the right checksum"
    return 0
  fi
  file_changes
  if dry_run; then
    report would "download $url to $path"
    return 0
  fi
  working_on "download $url"
  mkdir -p -- "${path%/*}"
  scratch temporary "${path%/*}/.${path##*/}.XXXXXX"
  download "$url" "$temporary"
  has_sha256 "$temporary" "$sha256" ||
    fail "download $url: what came does not have the SHA-256 $sha256; nothing was installed"
  chmod -- "$mode" "$temporary"
  mv --force -- "$temporary" "$path"
  report 'done' "download $url to $path"
}
