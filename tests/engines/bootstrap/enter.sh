#!/usr/bin/env bash
# enter.sh LOWER UPPER WORK ROOT [SOURCE:TARGET...]: what LOWER and UPPER hold together becomes the file system of a
# machine of its own, with each SOURCE of the outer machine at its TARGET. Systemd runs in it as process 1. unshare(1)
# must have made the namespaces for mounts, processes, network, host name, IPC and cgroups, so that all of it ends with
# this process, the mounts too.
set -euo pipefail

mount --make-rprivate /
# volatile: dpkg waits for the disk at every file, and these disks live for a minute.
mount -t overlay -o "lowerdir=$1,upperdir=$2,workdir=$3,volatile" overlay "$4"
cd "$4"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
mount -t tmpfs tmpfs tmp
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx

if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
  mount -t cgroup2 cgroup2 sys/fs/cgroup
else
  mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
  for controller in blkio cpu cpuacct cpuset devices freezer memory pids; do
    mkdir "sys/fs/cgroup/$controller"
    mount -t cgroup -o "$controller" cgroup "sys/fs/cgroup/$controller" 2>/dev/null || rmdir "sys/fs/cgroup/$controller"
  done
  mkdir sys/fs/cgroup/systemd
  mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
fi

for bind in "${@:5}"; do
  target=.${bind#*:}
  if [[ -d ${bind%%:*} ]]; then
    mkdir -p "$target"
  else
    touch "$target"
  fi
  mount --bind "${bind%%:*}" "$target"
done

# Swap belongs to the whole machine: this host sees what the test says it has, and must not reach the real one.
if [[ -e usr/local/share/swaps ]]; then
  mount --bind usr/local/share/swaps proc/swaps
fi

# Kernel settings that belong to the whole machine, too: what this host sets, it sets in files of its own.
if [[ -d usr/local/share/sysctl ]]; then
  while IFS= read -r setting; do
    mount --bind "usr/local/share/sysctl/$setting" "proc/sys/$setting"
  done < <(cd usr/local/share/sysctl && find . -type f)
fi

pivot_root . mnt
umount --lazy mnt
# As on any machine: what a kubelet mounts reaches the containers that run already.
mount --make-rshared /
export container=throw-away-host
exec /lib/systemd/systemd --log-target=journal
