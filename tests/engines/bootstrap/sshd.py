"""Throw-away hosts that are reached by SSH: keys of each, and the configuration of who knows them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.engines.bootstrap.host import Host

_UNIT = "etc/systemd/system/multi-user.target.wants/ssh.service"


class Keys:
    """The key of a person, and of each host; `config` is that person's ssh configuration."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self._own = self._pair("person")
        self.known = folder / "known_hosts"
        self.config = folder / "config"
        self.config.write_text(
            f"Host *\n  User root\n  IdentityFile {self._own}\n  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {self.known}\n  GlobalKnownHostsFile /dev/null\n"
        )

    def _pair(self, name: str) -> Path:
        path = self.folder / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path], check=True)
        return path

    def dress(self, host: Host, user: str = "root") -> None:
        """Before it boots: its own key, an sshd that starts, and who may come in."""
        own = self._pair(f"host-{host.name}")
        host.write("etc/ssh/ssh_host_ed25519_key", own.read_bytes(), 0o600)
        host.write("etc/ssh/ssh_host_ed25519_key.pub", own.with_suffix(".pub").read_bytes())
        home = "root" if user == "root" else f"home/{user}"
        host.write(f"{home}/.ssh/authorized_keys", self._own.with_suffix(".pub").read_bytes(), 0o600)
        unit = host.files / _UNIT
        unit.parent.mkdir(parents=True, exist_ok=True)
        unit.symlink_to("/lib/systemd/system/ssh.service")

    def know(self, addresses: Mapping[str, str]) -> None:
        """The person has compared the keys of these hosts: name -> address."""
        lines = (
            f"{address} {(self.folder / f'host-{name}.pub').read_text().rpartition(' ')[0]}\n"
            for name, address in addresses.items()
        )
        self.known.write_text("".join(lines))
