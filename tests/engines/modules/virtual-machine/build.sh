#!/usr/bin/env bash
# A small virtual machine with the system that this machine has: root.img (the file system), vmlinuz
# and initrd.img. HAProxy is not in it: the bootstrap script installs that.
# Usage: build.sh TARGET
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=$(cd "$1" && pwd)
as_root=()
((EUID == 0)) || as_root=(sudo)

case $(sed -n 's/^ID=//p' /etc/os-release) in
  debian) kernel=linux-image-cloud-amd64 ;;
  ubuntu) kernel=linux-image-virtual ;;
  *) printf '%s\n' 'build.sh: only Debian and Ubuntu can be installed here' >&2; exit 1 ;;
esac

packages=(
  # The system: it boots, has a log, a host name service and an agent that obeys the tests.
  "$kernel" dbus initramfs-tools kmod qemu-guest-agent rsyslog systemd-sysv udev
  # What a server has; most of what the bootstrap script would have to install otherwise.
  curl gnupg hostname iproute2 procps
  # Brokers and devices.
  mosquitto python3
)

work=$(mktemp -d)
trap '"${as_root[@]}" rm -rf "$work"' EXIT
bash "$here/apt-sources.sh" >"$work/sources.list"
# Whoever has a frozen archive, or a proxy in front of it, has told apt so.
apt-config dump | grep -E '^Acquire::(Check-Valid-Until|Check-Date|https?::Proxy[^ ]*) ' >"$work/apt.conf" || true

chmod 0755 "$work"
chmod 0644 "$work"/*

"${as_root[@]}" mmdebstrap --variant=minbase --mode=root --format=directory \
  --include="$(IFS=,; printf '%s' "${packages[*]}")" \
  --aptopt="$work/apt.conf" --aptopt='Acquire::Languages "none"' \
  --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --essential-hook="bash '$here/initrd.sh' \"\$1\"" \
  --customize-hook="bash '$here/customize.sh' \"\$1\"" \
  '' "$work/root" "$work/sources.list"

"${as_root[@]}" cp --dereference "$work/root/vmlinuz" "$target/vmlinuz"
"${as_root[@]}" cp --dereference "$work/root/initrd.img" "$target/initrd.img"
# Sparse: 6 GiB for whatever a test installs, of which only what is there takes room.
"${as_root[@]}" mke2fs -q -t ext4 -m 0 -E lazy_itable_init=0 -L root -d "$work/root" "$target/root.img" 6G
"${as_root[@]}" chown "$(id -u):$(id -g)" "$target"/*
