"""A virtual machine for a test: booted from the image that modules/virtual-machine makes.

It is emulated (no KVM needed), reaches the network as any program of this user, and cannot be
reached from it. The image stays as it is: what the machine writes is gone when it stops.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.engines.programs import built, installed
from tests.engines.virtual_machine.agent import Agent, Done, Silent

BUILD = "virtual-machine"
BOOT = 240  # seconds; about 30 where nothing else runs
# This machine, as the virtual one sees it (qemu's user network).
HOST = "10.0.2.2"
OWN = "10.0.2.15/24"


class Machine:
    """A running virtual machine with systemd. Use it in a `with`."""

    def __init__(self, folder: Path, memory: int) -> None:
        """`folder` for its sockets and console; `memory` in bytes."""
        self.console = folder / "console"
        self._folder, self._memory = folder, memory
        self._process: subprocess.Popen[bytes] | None = None
        self.agent = Agent(folder / "agent.sock")

    def __enter__(self) -> Machine:
        qemu = installed("qemu-system-x86_64")
        kernel, initrd, disk = (built(name, BUILD) for name in ("vmlinuz", "initrd.img", "root.img"))
        command = [
            str(qemu),
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
            "-no-reboot",
            "-machine",
            "q35",
            "-accel",
            "tcg,thread=multi",
            "-cpu",
            "max",
            "-smp",
            "2",
            "-m",
            f"{self._memory >> 20}M",
            "-kernel",
            str(kernel),
            "-initrd",
            str(initrd),
            "-append",
            "root=/dev/vda rw console=ttyS0 quiet net.ifnames=0 mitigations=off systemd.show_status=no",
            "-drive",
            f"file={disk},format=raw,if=virtio,cache=unsafe,snapshot=on",
            "-nic",
            "user,model=virtio-net-pci",
            "-device",
            "virtio-rng-pci",
            "-device",
            "virtio-serial-pci",
            "-chardev",
            f"socket,id=agent,path={self._folder / 'agent.sock'},server=on,wait=off",
            "-device",
            "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
            "-serial",
            f"file:{self.console}",
        ]
        # What the machine writes goes to a temporary file that has no name.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self._folder / "qemu.err").open("wb"),
        )
        try:
            self.agent.wait(BOOT)
        except BaseException as failure:
            said = (self._folder / "qemu.err").read_text(errors="replace") + self._last_words()
            self.__exit__()
            if isinstance(failure, Silent):
                raise Silent(f"{failure}\n{said}") from None
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.agent.close()
        if self._process:
            self._process.kill()
            self._process.wait()

    def _last_words(self) -> str:
        if not self.console.exists():
            return ""
        return "\n".join(self.console.read_text(errors="replace").splitlines()[-20:])

    def sh(self, script: str, seconds: float = 120, check: bool = True) -> Done:
        """Run a bash script in the machine; an assertion fails when it does, unless told otherwise."""
        done = self.agent.run("/bin/bash", "-c", script, seconds=seconds)
        assert not check or done.code == 0, (
            f"in the virtual machine: {script}\nexit code {done.code}\n{done.out}{done.err}"
        )
        return done

    def put(self, path: str, content: str | bytes, mode: int = 0o644) -> None:
        """Write a file into the machine, with its folder."""
        self.sh(f"mkdir -p '{Path(path).parent}'")
        self.agent.write(path, content.encode() if isinstance(content, str) else content)
        self.sh(f"chmod {mode:o} '{path}'")
