"""Files, packages, units and the kernel of hosts, otherwise than the steps have made them."""

from __future__ import annotations

from collections.abc import Callable

from tests.rehearsal.cluster import RehearsedCluster
from tests.rehearsal.drifting import Break, Desk, Group, as_it_is

WORKER, MASTER, BALANCER = "worker", "master", "balancer"
_Does = Callable[[RehearsedCluster, Desk], object]


def at(place: str, script: str) -> _Does:
    """A script of sh on the first worker, the control plane or the load balancer."""

    def does(made: RehearsedCluster, desk: Desk) -> object:
        host = made.workers[0] if place == WORKER else getattr(made, place)
        return host.run("sh", "-ec", script)

    return does


def scripts(name: str, place: str, breaks: str, mends: str, *found: str, also: tuple[str, ...] = ()) -> Break:
    return Break(name, at(place, breaks), at(place, mends), found, also)


def file(
    name: str, place: str, path: str, edit: str, *found: str, after: str = ":", also: tuple[str, ...] = ()
) -> Break:
    """An edit of a file, by a script that finds it in $FILE; then it is put back, and `after` is run."""
    keep = f"for FILE in {path}; do cp -p $FILE /run/kept; {edit}; done"
    return scripts(name, place, keep, f"for FILE in {path}; do cp -p /run/kept $FILE; done; {after}", *found, also=also)


_MORE = "echo '# edited' >>$FILE"
_RELOAD = "systemctl daemon-reload"

# The first server of the listener without TLS, told to HAProxy.
_SERVER = """at=/run/haproxy/admin.sock
name=$(echo 'show servers state vernemq-mqtt' | socat - $at | awk 'NR == 3 { print $4 }')
echo "set server vernemq-mqtt/$name state %s" | socat - $at"""
_ENDS = "openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=ends -days 5 -out"
_NO_PIDS = "sed -i 's/^podPidsLimit: .*/podPidsLimit: 4097/' $FILE"

# Of any node, as the step node has made it.
NODE = (
    file(
        "a name of /etc/hosts",
        WORKER,
        "/etc/hosts",
        "sed -i '/dojot nodes: begin/,$ s/^[0-9.]* /192.0.2.1 /' $FILE",
        ": /etc/hosts: ",
    ),
    scripts(
        "the host name",
        WORKER,
        "hostname >/run/kept; hostname other",
        "hostname $(cat /run/kept)",
        "set the host name to",
    ),
    file("/etc/hostname", WORKER, "/etc/hostname", "echo other >$FILE", ": /etc/hostname: "),
    file("a line of swap", WORKER, "/etc/fstab", "echo '/swapfile none swap sw 0 0' >>$FILE", ": /etc/fstab: "),
    file(
        "swap is on",
        WORKER,
        "/usr/local/share/swaps",
        "echo '/swapfile file 1048572 0 -2' >>$FILE",
        ": switch swap off: ",
    ),
    file("modules of a node", WORKER, "/etc/modules-load.d/dojot.conf", _MORE, "modules-load.d/dojot.conf: "),
    file("kernel settings of a node", WORKER, "/etc/sysctl.d/90-dojot.conf", _MORE, "sysctl.d/90-dojot.conf: "),
    file(
        "needrestart of a node", WORKER, "/etc/needrestart/conf.d/dojot.conf", _MORE, "needrestart/conf.d/dojot.conf: "
    ),
    file(
        "the firewall's file",
        WORKER,
        "/etc/dojot/firewall.nft",
        _MORE,
        ": /etc/dojot/firewall.nft: ",
        also=("the firewall anew",),
    ),
    file(
        "the firewall's unit",
        WORKER,
        "/etc/systemd/system/dojot-firewall.service",
        _MORE,
        "system/dojot-firewall.service: ",
        after=_RELOAD,
        also=("read the unit files again",),
    ),
    scripts(
        "rules of the firewall",
        WORKER,
        "nft flush table inet dojot",
        "systemctl reload dojot-firewall",
        "load the firewall anew",
    ),
    scripts(
        "the whole firewall",
        WORKER,
        "nft delete table inet dojot",
        "systemctl reload dojot-firewall",
        "load the firewall anew",
    ),
    scripts(
        "a unit that is not enabled",
        WORKER,
        "systemctl disable dojot-firewall",
        "systemctl enable dojot-firewall",
        "enable service dojot-firewall",
    ),
    file(
        "containerd's configuration",
        WORKER,
        "/etc/containerd/config.toml",
        _MORE,
        ": /etc/containerd/config.toml: ",
        also=("restart service containerd",),
    ),
    file(
        "containerd's limit of files",
        WORKER,
        "/etc/systemd/system/containerd.service.d/90-dojot.conf",
        "echo LimitNPROC=9999 >>$FILE",
        "containerd.service.d/90-dojot.conf: ",
        after=_RELOAD,
        also=("restart service containerd", "read the unit files again"),
    ),
    scripts(
        "containerd is not enabled",
        WORKER,
        "systemctl disable containerd",
        "systemctl enable containerd",
        "enable service containerd",
    ),
    scripts(
        "the kubelet is not enabled",
        WORKER,
        "systemctl disable kubelet",
        "systemctl enable kubelet",
        "enable service kubelet",
    ),
    scripts(
        "a package that is held no more",
        WORKER,
        "apt-mark unhold kubelet",
        "apt-mark hold kubelet",
        "hold packages: kubelet",
    ),
    file(
        "a source of packages",
        WORKER,
        "/etc/apt/sources.list.d/kubernetes.list",
        _MORE,
        "sources.list.d/kubernetes.list: ",
    ),
    scripts(
        "a key of packages",
        WORKER,
        "mv /etc/apt/keyrings/kubernetes-*.asc /run/",
        "mv /run/kubernetes-*.asc /etc/apt/keyrings/",
        "install the signing key",
    ),
)
# Of one that has joined.
MEMBER = (
    scripts(
        "the kubelet does not run",
        WORKER,
        "systemctl stop kubelet",
        "systemctl start kubelet",
        "start service kubelet",
        also=("node .* is Ready", "pod ", "broker "),
    ),
    file("the kubelet's file", WORKER, "/var/lib/kubelet/config.yaml", _NO_PIDS, "kubelet/config.yaml"),
    file(
        "the kubelet runs with another file",
        WORKER,
        "/var/lib/kubelet/config.yaml",
        f"{_NO_PIDS}; systemctl restart kubelet; sleep 15; cp -p /run/kept $FILE",
        "the kubelet that runs: podPidsLimit is 4097, not 4096",
        after="systemctl restart kubelet; sleep 15",
    ),
)
CONTROL_PLANE = (
    file(
        "the configuration of kubeadm",
        MASTER,
        "/etc/dojot/kubeadm-init.yml",
        _MORE,
        ": /etc/dojot/kubeadm-init.yml: ",
        also=("kubeadm init phase", "start kube-proxy anew", "with its new manifest"),
    ),
    file(
        "the audit policy",
        MASTER,
        "/etc/kubernetes/apiserver/audit-policy-*.yml",
        _MORE,
        "apiserver/audit-policy-.*: ",
        also=("start kube-apiserver anew", "with its new manifest"),
    ),
    scripts(
        "the administrator's kubeconfig",
        MASTER,
        "mv /root/.kube/config /run/kept",
        "mv /run/kept /root/.kube/config",
        "/root/.kube/config",
    ),
    scripts(
        "a token of joining",
        MASTER,
        "kubeadm token create aaaaaa.0123456789abcdef --ttl=1h --description='dojot bootstrap: join'",
        "kubeadm token delete aaaaaa",
        "delete the join token aaaaaa",
    ),
    scripts(
        "a certificate that ends",
        MASTER,
        f"{_ENDS} /etc/kubernetes/pki/ends.crt",
        "rm /etc/kubernetes/pki/ends.crt",
        "kubeadm certs renew all",
        also=(
            "shows its new certificate",
            "takes the new certificate",
            "its certificate is a new one",
            "start .* anew",
            "with its new manifest",
        ),
    ),
)
LOAD_BALANCER = (
    file("/etc/hosts of the load balancer", BALANCER, "/etc/hosts", "sed -i '/dojot nodes/d' $FILE", ": /etc/hosts: "),
    file(
        "kernel settings of the load balancer",
        BALANCER,
        "/etc/sysctl.d/99-dojot-haproxy.conf",
        _MORE,
        "99-dojot-haproxy.conf: ",
    ),
    scripts(
        "a kernel setting in force",
        BALANCER,
        "sysctl -w net.ipv4.tcp_keepalive_time=599",
        "sysctl -w net.ipv4.tcp_keepalive_time=600",
        "apply /etc/sysctl.d/99-dojot-haproxy.conf: net.ipv4.tcp_keepalive_time is 599",
    ),
    scripts(
        "HAProxy is held no more",
        BALANCER,
        "apt-mark unhold haproxy",
        "apt-mark hold haproxy",
        "hold packages: haproxy",
    ),
    file(
        "the limits of HAProxy",
        BALANCER,
        "/etc/systemd/system/haproxy.service.d/*.conf",
        _MORE,
        "haproxy.service.d/",
        after=_RELOAD,
        also=("read the unit files again",),
    ),
    file(
        "haproxy.cfg",
        BALANCER,
        "/etc/haproxy/haproxy.cfg",
        _MORE,
        ": /etc/haproxy/haproxy.cfg: ",
        after="systemctl reload haproxy; sleep 3",
        also=("reload haproxy",),
    ),
    file(
        "HAProxy runs with another configuration",
        BALANCER,
        "/etc/haproxy/haproxy.cfg",
        "sed -i 's/maxconn 4000/maxconn 3999/' $FILE; systemctl reload haproxy; sleep 5; cp -p /run/kept $FILE",
        "reload haproxy",
        after="systemctl reload haproxy; sleep 3",
    ),
    scripts(
        "HAProxy is not enabled",
        BALANCER,
        "systemctl disable haproxy",
        "systemctl enable haproxy",
        "enable service haproxy",
    ),
    scripts(
        "HAProxy does not run",
        BALANCER,
        "systemctl stop haproxy",
        "systemctl start haproxy; sleep 8",
        "start service haproxy",
        "answers on port",
        also=("HAProxy says which servers",),
    ),
    scripts(
        "a server is drained",
        BALANCER,
        _SERVER % "drain",
        _SERVER % "ready",
        "gets new sessions: drained in vernemq-mqtt",
        also=("drained servers",),
    ),
)
DRIFT = (Group("hosts", (*NODE, *MEMBER, *CONTROL_PLANE, *LOAD_BALANCER), as_it_is),)
