#!/usr/bin/env bash
# The last touch to the file system below FOLDER, before it becomes a disk. Usage: customize.sh FOLDER
set -euo pipefail
root=$1

# The machine is thrown away after a test: nothing to wait for, to check or to keep up to date.
units=(
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
  mosquitto.service getty@tty1.service serial-getty@ttyS0.service systemd-pstore.service systemd-timesyncd.service
)
chroot "$root" systemctl mask --quiet "${units[@]}"
printf '%s\n' '/dev/vda / ext4 noatime 0 0' >"$root/etc/fstab"
# Resolver and gateway of qemu's user network.
printf '%s\n' 'nameserver 10.0.2.3' >"$root/etc/resolv.conf"
printf '%s\n' virtual-machine >"$root/etc/hostname"
printf '%s\n' '127.0.0.1 localhost virtual-machine' >"$root/etc/hosts"
# What apt was told for the installation; a test says it again, as it is then.
rm -f "$root/etc/apt/apt.conf.d/99mmdebstrap"
