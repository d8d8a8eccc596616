"""What a HAProxy process costs its host: processor time, memory of its own and of the kernel."""

from __future__ import annotations

from dataclasses import dataclass

from tests.engines.virtual_machine.balancer import BalancerHost

# What the kernel holds for each open socket: the socket, its inode and name, the open file, and
# its place in an epoll set.
_SLABS = (
    "TCP",
    "sock_inode_cache",
    "dentry",
    "filp",
    "eventpoll_epi",
    "eventpoll_pwq",
    "tcp_bind_bucket",
    "tcp_bind2_bucket",
    "skbuff_head_cache",
    "skbuff_fclone_cache",
    "kmalloc-64",
    "kmalloc-96",
    "kmalloc-128",
    "lsm_file_cache",
)


def processor(host: BalancerHost, pid: int) -> tuple[float, float]:
    """Seconds that the process has spent so far: in itself, and in the kernel."""
    fields = host.sh(f"cat /proc/{pid}/stat; getconf CLK_TCK").out.rsplit(")", 1)[1].split()
    return int(fields[11]) / int(fields[-1]), int(fields[12]) / int(fields[-1])


@dataclass(frozen=True)
class Memory:
    """In bytes: of one process, of all sockets of the machine, and what is left of it."""

    resident: int
    sockets: int
    available: int

    @classmethod
    def of(cls, host: BalancerHost, pid: int) -> Memory:
        status = host.sh(f"grep ^VmRSS: /proc/{pid}/status; grep ^MemAvailable: /proc/meminfo").out.split()
        slabs = [line.split() for line in host.sh("cat /proc/slabinfo").out.splitlines()]
        sizes = sum(int(line[1]) * int(line[3]) for line in slabs if line[0] in _SLABS)
        buffers = next(
            line.split() for line in host.sh("cat /proc/net/sockstat").out.splitlines() if line.startswith("TCP:")
        )
        pages = int(buffers[buffers.index("mem") + 1])
        return cls(1024 * int(status[1]), sizes + 4096 * pages, 1024 * int(status[4]))
