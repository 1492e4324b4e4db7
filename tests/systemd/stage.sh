#!/usr/bin/env bash
# Becomes systemd, as process 1 of the namespaces it is started in (see machine.py).
# usage: stage.sh FOLDER SOURCES PACKAGES    FOLDER: empty; the others are seen below /opt
#
# The root is that of this host, below a layer in memory: whatever is written goes with the machine.
set -euo pipefail
folder=$1 sources=$2 packages=$3

mount -t tmpfs tmpfs "$folder"
mkdir "$folder"/{written,work,root}
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/written,workdir=$folder/work" "$folder/root"
cd "$folder/root"

mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/pts dev/shm
for each in null zero full random urandom tty; do
    touch "dev/$each"
    mount --bind "/dev/$each" "dev/$each"
done
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=1777 tmpfs dev/shm

# Nothing of this host is started there, and nothing looks for its hardware.
rm -rf etc/systemd/system etc/nettingd opt/nettingd var/lib/nettingd var/lib/private var/log/journal
mkdir -p etc/systemd/system var/log/journal opt/{sources,packages}
mount --bind "$sources" opt/sources
mount --bind "$packages" opt/packages
head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' >etc/machine-id
for each in systemd-udevd.service systemd-udev-trigger.service systemd-udevd-control.socket \
    systemd-udevd-kernel.socket systemd-hwdb-update.service systemd-modules-load.service \
    systemd-sysctl.service systemd-binfmt.service systemd-timesyncd.service; do
    ln -s /dev/null "etc/systemd/system/$each"
done
printf '[Unit]\nRequires=basic.target\n' >etc/systemd/system/machine.target

pivot_root . .
umount -l .
cd /
mount --make-rshared / # as systemd expects of whoever starts it; credentials come by a mount
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --unit=machine.target --log-target=null --show-status=no
