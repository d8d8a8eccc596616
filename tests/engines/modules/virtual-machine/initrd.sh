#!/usr/bin/env bash
# Before the kernel comes to the file system below FOLDER: its initrd shall hold no more than it takes
# to mount the disk, because emulation makes each module felt. Usage: initrd.sh FOLDER
set -euo pipefail
etc=$1/etc/initramfs-tools/conf.d
modules=$1/usr/share/initramfs-tools/modules.d

mkdir -p "$etc" "$modules"
printf '%s\n' MODULES=list COMPRESS=gzip >"$etc/virtual-machine"
printf '%s\n' virtio_pci virtio_blk ext4 >"$modules/virtual-machine"
