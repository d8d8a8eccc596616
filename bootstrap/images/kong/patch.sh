#!/bin/sh
# patch.sh ROOT: pepkong under ROOT logs no more. It logs by handing text to a shell, the path that a
# caller asked for among it, so whoever has a token could have any command run.
set -eu

files=$(mktemp)
trap 'rm -f "$files"' EXIT
# The image holds the plugin twice, and Kong looks into its working folder first.
find "$1" -xdev -type f -path '*/kong/plugins/pepkong/*.lua' >"$files"
if ! [ -s "$files" ]; then
  echo "patch.sh: there is no pepkong under $1" >&2
  exit 1
fi
while read -r file; do
  sed -i '/os\.execute/d' "$file"
  if grep -n 'os\.execute\|io\.popen\|loadstring\|ngx\.pipe' "$file"; then
    echo "patch.sh: $file still runs commands" >&2
    exit 1
  fi
  echo "patched: $file"
done <"$files"
