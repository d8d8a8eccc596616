#!/bin/sh
# build.sh SOURCES WWW: compiles the plugin vmq_k8s and packs it as WWW/bundle.tar.gz, laid out as
# the broker looks for it: _build/default/lib/<application>/ebin.
set -eu
sources=$1
www=$2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R "$sources/vmq-operator/erlang" "$work/plugin"
cd "$work/plugin"

# From the folders beside it, as they are: nothing is asked of a package registry.
mkdir _checkouts
cp -R "$sources/yamerl" "$sources/lager" "$sources/goldrush" _checkouts/
# A version from Git needs a Git; the commit says the same.
sed -i 's/{vsn, *git}/{vsn, "0.1.0"}/' src/vmq_k8s.app.src
rm -f rebar.lock
rebar3 compile

# lager and goldrush are part of VerneMQ. What a bundle brings comes before what the broker has, so
# they must not be in it; the plugin is compiled with the broker's version of lager (3.8.0).
for application in vmq_k8s yamerl; do
  found=$(find _build -type d -path "*/$application/ebin" | head -n 1)
  mkdir -p "$work/bundle/_build/default/lib/$application"
  cp -RL "$found" "$work/bundle/_build/default/lib/$application/"
done
for file in vmq_k8s/ebin/vmq_k8s.app vmq_k8s/ebin/vmq_k8s_reloader.beam yamerl/ebin/yamerl_constr.beam; do
  if ! [ -s "$work/bundle/_build/default/lib/$file" ]; then
    echo "build.sh: the bundle lacks $file" >&2
    exit 1
  fi
done

mkdir -p "$www"
tar -czf "$www/bundle.tar.gz" -C "$work/bundle" _build
echo "bundle.tar.gz holds:"
tar -tzf "$www/bundle.tar.gz"
