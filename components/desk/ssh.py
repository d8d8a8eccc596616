"""Commands on other machines, by the OpenSSH of this one, with the configuration that its user has.

One connection a host carries all commands. Nothing here asks a person: keys come from an agent or a file, host keys
have to be known, and the password of sudo is given once (see Desk).
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from .hosts import Host

#: Of ssh itself: whatever the command ends with, no command of ours ends with this.
_OWN = 255
_NULL = asyncio.subprocess.DEVNULL
#: Seconds until a host that does not answer counts as away; and questions to one that is connected and silent, a
#: question each so many seconds.
_CONNECT, _QUESTIONS, _PAUSE = 15, 4, 10
_SETTINGS = (
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    f"ConnectTimeout={_CONNECT}",
    f"ServerAliveCountMax={_QUESTIONS}",
    f"ServerAliveInterval={_PAUSE}",
    # Whoever comes first has the word: connect() says otherwise before.
    "ControlMaster=no",
    "ForwardX11=no",
    "ClearAllForwardings=yes",
    "LogLevel=ERROR",
)
#: What ssh says -> what a person can do.
_WAYS_OUT = {
    "Host key verification failed": "its host key is not the known one, or none is known: connect once by hand "
    "(ssh {address}), and compare the fingerprint with the machine's own "
    "(there: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub)",
    "Permission denied": "it lets nobody in with your keys: ssh {address} by hand has to work without a password "
    "(ssh-add, or IdentityFile and User in ~/.ssh/config)",
    "Could not resolve": "there is no such name: see ~/.ssh/config",
    "timed out": "nothing answers: is the machine on, its address right, and port 22 open from here?",
    "Connection refused": "the machine answers, and no sshd does",
    "No route to host": "no way leads there from here: a jump host (ProxyJump in ~/.ssh/config)?",
}


class Unreached(Exception):
    """The connection could not be made, or was lost; the text says why and what to do."""


class Failed(Exception):
    """A command of ours that failed; the text is the last that it said."""


@dataclass(frozen=True)
class Ended:
    code: int
    output: str
    errors: str


@dataclass(eq=False)
class Desk:
    """The way to all hosts. Use `desk()`.

    `config` replaces the user's ssh configuration. `password` is that of sudo, for hosts that ask for one: it goes
    by standard input, and nowhere else.
    """

    sockets: Path
    config: Path | None = None
    password: str | None = field(default=None, repr=False)
    #: Host -> how a command is run as root there, found out by `how_to_be_root`.
    _root: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def command(self, host: Host, words: Sequence[str]) -> list[str]:
        """The command line of ssh. What runs there is quoted for its shell."""
        return [*self._ssh(), host.address, "--", shlex.join(words)]

    def _ssh(self, *first: str) -> list[str]:
        settings = (*first, *_SETTINGS, f"ControlPath={self.sockets}/%C")
        configured = ["-F", str(self.config)] if self.config else []
        return ["ssh", "-T", *configured, *(word for setting in settings for word in ("-o", setting))]

    def tunnel(self, host: Host, port: int, target: str) -> list[str]:
        """The command line of ssh that leads a port of this machine to HOST:PORT, as seen from there; by itself."""
        own = self._ssh("ClearAllForwardings=no", "ExitOnForwardFailure=yes", "ControlPath=none")
        return [*own, "-N", "-L", f"127.0.0.1:{port}:{target}", host.address]

    async def connect(self, host: Host) -> None:
        """The connection that carries the commands, anew where there is one. Unreached.

        The process that keeps it goes on with whatever it was given as its standard error: so that is a file.
        """
        await self._quietly("-O", "exit", host.address)
        with open(self.sockets / f"{host.name}.log", "w+b") as said:
            keeping = self._ssh("ControlMaster=yes", "ControlPersist=600")
            process = await asyncio.create_subprocess_exec(
                *keeping, "-f", "-N", host.address, stdin=_NULL, stdout=_NULL, stderr=said, start_new_session=True
            )
            code = await process.wait()
            said.seek(0)
            words = said.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
        if code:
            raise Unreached(_told(host, words))

    async def _quietly(self, *words: str) -> None:
        await (
            await asyncio.create_subprocess_exec(*self._ssh(), *words, stdin=_NULL, stdout=_NULL, stderr=_NULL)
        ).wait()

    async def run(self, host: Host, *words: str, given: bytes = b"", check: bool = True) -> Ended:
        """A command as the user that ssh logs in. Unreached; with `check` Failed where it does not end with 0."""
        output: list[str] = []
        errors: list[str] = []
        code = await self.follow(host, words, given, output.append, errors.append)
        if check and code:
            raise Failed((errors or output or [f"exit code {code}"])[-1].strip())
        return Ended(code, "".join(output), "".join(errors))

    async def as_root(self, host: Host, *words: str, given: bytes = b"", check: bool = True) -> Ended:
        return await self.run(host, *self.root(host), *words, given=self.first(host) + given, check=check)

    def root(self, host: Host) -> tuple[str, ...]:
        """The words before a command that root is to run."""
        return self._root[host.name]

    def first(self, host: Host) -> bytes:
        """What sudo reads before the command does."""
        asks = "-S" in self._root[host.name]
        return f"{self.password}\n".encode() if asks else b""

    async def how_to_be_root(self, host: Host) -> bool:
        """Find it out: as root already, by sudo without a password, or with the one that was given. False: by none."""
        if (await self.run(host, "id", "-u")).output.strip() == "0":
            self._root[host.name] = ()
            return True
        if (await self.run(host, "sudo", "-k", "-n", "true", check=False)).code == 0:
            self._root[host.name] = ("sudo", "-n")
            return True
        # -k: a password that was asked for a minute ago is asked for again, so that it is read by sudo alone.
        asking = ("sudo", "-k", "-S", "-p", "")
        given = f"{self.password}\n".encode()
        if self.password is not None and not (await self.run(host, *asking, "true", given=given, check=False)).code:
            self._root[host.name] = asking
            return True
        return False

    async def follow(
        self,
        host: Host,
        words: Sequence[str],
        given: bytes,
        output: Callable[[str], None],
        errors: Callable[[str], None],
    ) -> int:
        """A command, each line told as it comes; its exit code. Unreached where ssh itself fails."""
        process = await asyncio.create_subprocess_exec(
            *self.command(host, words),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=2**24,
            # Ctrl-C is for this program, which ends them in its own way.
            start_new_session=True,
        )
        said = ""

        def tell(line: str) -> None:
            nonlocal said
            said = line.strip() or said
            errors(line)

        try:
            await asyncio.gather(_lines(process.stdout, output), _lines(process.stderr, tell), _give(process, given))
            code = await process.wait()
        except BaseException:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
            raise
        if code == _OWN:
            raise Unreached(_told(host, said))
        return code

    async def close(self, machines: Iterable[Host]) -> None:
        """End the connections that are kept."""
        await asyncio.gather(*(self._quietly("-O", "exit", host.address) for host in machines))


@contextmanager
def desk(config: Path | None = None, password: str | None = None) -> Iterator[Desk]:
    """Close it before it ends: connections outlive it otherwise."""
    # A path of a socket is short: no more than some hundred characters.
    with TemporaryDirectory(prefix="dojot-") as folder:
        yield Desk(Path(folder), config, password)


async def _lines(stream: asyncio.StreamReader | None, tell: Callable[[str], None]) -> None:
    while stream and (line := await stream.readline()):
        tell(line.decode("utf-8", "replace"))


async def _give(process: asyncio.subprocess.Process, given: bytes) -> None:
    if process.stdin:
        with suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(given)
            await process.stdin.drain()
        process.stdin.close()


def _told(host: Host, said: str) -> str:
    for words, way_out in _WAYS_OUT.items():
        if words in said:
            return f"{host}: {way_out.format(address=host.address)} ({said})"
    return f"{host}: the connection was lost, or could not be made ({said or 'ssh does not say why'})"
