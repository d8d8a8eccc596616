#!/bin/sh
# fetch-sources.sh FOLDER: the plugin and what it is compiled with, each at one commit. A commit's
# name is the checksum of all that it holds, so nothing else can come.
set -eu

# name | repository | commit
sources='
vmq-operator|https://github.com/vernemq/vmq-operator.git|78e9d657a70db2ac398c4670e27598daade7ee7d
yamerl|https://github.com/yakaz/yamerl.git|4e5a54a5a4a0cd9dc8ee30c8356642e9a2c3a443
lager|https://github.com/erlang-lager/lager.git|22e62f28e5afabe90a6f31bcde367a2b5799fc94
goldrush|https://github.com/DeadZen/goldrush.git|8f1b715d36b650ec1e1f5612c00e28af6ab0de82
'

for source in $sources; do
  name=${source%%|*}
  commit=${source##*|}
  url=${source#*|}
  url=${url%|*}
  echo "$name: $url at $commit"
  git init --quiet "$1/$name"
  git -C "$1/$name" fetch --quiet --depth 1 "$url" "$commit"
  git -C "$1/$name" -c advice.detachedHead=false checkout --quiet "$commit"
done
