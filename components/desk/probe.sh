# shellcheck shell=bash
# What preflight asks of a host, as root, in one go: a line `KEY VALUE` each. Nothing is changed.
# Arguments: address ADDRESS:PORT whose answer is wanted, name HOST:PORT of the Internet, path of a volume,
# files PATTERN of those that are wanted.

say() {
  printf '%s %s\n' "$1" "${*:2}"
}

# The first directory above (or at) a path that is there: its disk takes what will be made below it.
standing() {
  local path=$1
  while [[ ! -d $path ]]; do path=${path%/*} && path=${path:-/}; done
  printf '%s' "$path"
}

# answer HOST PORT: open, refused (the host is there, and nobody listens), or silent.
answer() {
  local said
  if said=$(timeout 5 bash -c "exec 3<>/dev/tcp/$1/$2" 2>&1); then
    printf open
  elif [[ $said == *'Connection refused'* ]]; then
    printf refused
  else
    printf silent
  fi
}

say time "$(date +%s.%N)"
say hostname "$(hostname)"
say addresses "$(hostname -I)"
say machine-id "$(cat /etc/machine-id 2>/dev/null)"
say system "$(. /etc/os-release && printf '%s %s' "$ID" "${VERSION_ID-}")"
say architecture "$(uname -m)"
say cores "$(nproc)"
say memory "$(awk '$1 == "MemTotal:" { printf "%.0f", $2 * 1024 }' /proc/meminfo)"
while (($#)); do
  {
    case $1 in
      address) say "address $2" "$(answer "${2%:*}" "${2##*:}")" ;;
      name)
        if getent ahosts "${2%:*}" >/dev/null; then
          say "name $2" "$(answer "${2%:*}" "${2##*:}")"
        else
          say "name $2" unknown
        fi
        ;;
      path)
        place=$(standing "$2")
        say "path $2" "$(df --block-size=1 --output=size,target "$place" | tail -n 1)"
        ;;
      files) say "files $2" "$(compgen -G "$2" | paste -sd ' ')" ;;
    esac
  } &
  shift 2
done
wait
