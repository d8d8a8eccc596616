"""What a host has of a cluster, beside what is installed and directories of volumes: nothing, once it has left."""

from __future__ import annotations

from tests.rehearsal.hosts import NodeHost

_LOOK = r"""
ls -d /etc/kubernetes/*.conf /etc/kubernetes/pki/* /etc/kubernetes/manifests/* /etc/kubernetes/apiserver \
  /var/lib/etcd/* /etc/cni/net.d/* /var/lib/cni /run/flannel /var/cache/dojot \
  /var/lib/kubelet/config.yaml /root/.kube/config \
  /etc/sysctl.d/*dojot* /etc/modules-load.d/dojot.conf /etc/systemd/system/dojot-* /usr/local/lib/dojot/* \
  /etc/systemd/system/*.service.d/*dojot* /etc/haproxy/haproxy.cfg /etc/systemd/system/haproxy.service.d/limits.conf \
  /etc/apt/sources.list.d/kubernetes.list /etc/apt/sources.list.d/haproxy.list \
  /run/dojot-join /opt/dojot/dojot-* 2>/dev/null
# Where directories of volumes stay, their list does, too.
find /etc/dojot -mindepth 1 ! -path /etc/dojot/volumes 2>/dev/null
[ -e /etc/dojot/volumes ] || ls -d /etc/dojot 2>/dev/null
grep -n 'dojot nodes' /etc/hosts
grep -rlF 'Written by bootstrap' /etc /usr/local/lib 2>/dev/null | grep -v '\.previous$'
iptables-save | grep -E 'KUBE-|FLANNEL-'
nft list tables | grep dojot
ip -brief link show | grep -E 'cni0|flannel'
apt-mark showhold
systemctl is-enabled kubelet dojot-firewall haproxy 2>/dev/null | grep enabled
ps -e -o comm= | grep -xE 'kubelet|etcd|kube-apiserver|kube-proxy|haproxy|containerd-shim.*'
true
"""


def left_on(host: NodeHost) -> str:
    """A line each; empty where nothing is left."""
    return host.run("sh", "-c", _LOOK).stdout.strip()
