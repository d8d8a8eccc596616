#!/usr/bin/env bash
# build.sh FOLDER: a minimal Debian or Ubuntu with systemd (FOLDER/root), in the release of this machine and from the
# mirror that its apt is set up with, and the packages of the list beside this script with all that they need, not
# installed (FOLDER/packages). Root alone can make it.
set -euo pipefail

folder=$1
here=$(cd "$(dirname "$0")" && pwd)
((EUID == 0)) || { echo 'Only root can make the file system of a host: run this with sudo.' >&2; exit 1; }

release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)

# An apt of its own: the machine's sources and keys, nothing of its state.
state=$(mktemp --directory)
trap 'rm -rf "$state"' EXIT
mkdir -p "$state/lists/partial" "$folder/packages/partial"
options=(
  --quiet --yes --no-install-recommends
  --option "Dir::State=$state"
  --option "Dir::State::status=$folder/root/var/lib/dpkg/status"
  --option "Dir::Cache=$state"
  --option "Dir::Cache::archives=$folder/packages"
  --option APT::Sandbox::User=root
  --option APT::Keep-Downloaded-Packages=true
)

mirror=$(apt-get "${options[@]:0:3}" indextargets --format "\$(REPO_URI)" 'Created-By: Packages' "Release: $release" 'Component: main' | head -n 1)
[[ -n $mirror ]] || { echo "apt knows no mirror of $release" >&2; exit 1; }

# A server's own: what the script calls before it has installed anything, and how its administrator comes in.
debootstrap --variant=minbase --include=systemd-sysv,dbus,procps,kmod,openssh-server,sudo "$release" "$folder/root" "$mirror"
# A host that is to be reached gets keys of its own, and starts it.
rm -f "$folder"/root/etc/ssh/ssh_host_*
systemctl --quiet --root="$folder/root" disable ssh
rm -rf "$folder"/root/var/cache/apt/archives/*.deb "$folder"/root/var/lib/apt/lists/*
: >"$folder/root/etc/apt/sources.list"

mapfile -t names < <(grep -v '^#' "$here/packages")
apt-get "${options[@]}" update
apt-get "${options[@]}" --download-only install "${names[@]}"
rm -rf "$folder/packages/partial" "$folder/packages/lock"
touch "$folder/complete"
