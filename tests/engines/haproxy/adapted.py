"""The compiled files of the HAProxy host as this machine can run them, and every line that differs."""

from __future__ import annotations

import atexit
import difflib
import resource
import shutil
import tempfile
from functools import cache
from pathlib import Path

from tests.engines.pki import Authority

# Two descriptors for each session, and these for listeners, checks and threads.
_OTHER_FILES = 200
# Kernel settings of the whole machine: a network namespace has none of its own, and a test
# must not change them for everyone.
OF_THE_WHOLE_MACHINE = ("fs.nr_open", "fs.file-max")


def files_of_a_process() -> int:
    """How many files one process may have open here."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 1_048_576 if hard == resource.RLIM_INFINITY else hard


def sessions_of_a_process() -> int:
    """How many sessions HAProxy can have here."""
    return (files_of_a_process() - _OTHER_FILES) // 2


@cache
def authority() -> Authority:
    """Who has signed the certificate of `on_this_machine`."""
    folder = Path(tempfile.mkdtemp(prefix="dojot-test-haproxy-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Authority(folder)


@cache
def _certificate() -> Path:
    """The file that HAProxy wants: certificate and key."""
    found = authority().folder / "haproxy.pem"
    found.touch(mode=0o600)
    found.write_bytes(b"".join(path.read_bytes() for path in authority().server("haproxy")))
    return found


def on_this_machine(compiled: str) -> str:
    """`configuration`, with a certificate that is here."""
    return with_certificate(configuration(compiled))


def with_certificate(compiled: str) -> str:
    """haproxy.cfg with a certificate outside of /etc/haproxy, where only a host of a cluster has one."""
    lines = compiled.splitlines(keepends=True)
    for number, line in enumerate(lines):
        before, word, _ = line.partition(" ssl crt ")
        if word:
            lines[number] = f"{before}{word}{_certificate()}\n"
    return "".join(lines)


def configuration(compiled: str) -> str:
    """haproxy.cfg with the maxconn of the process that this machine's limit of open files allows:
    with the compiled one HAProxy would not start. Account, chroot, log and admin socket stay.
    """
    lines, section = compiled.splitlines(keepends=True), ""
    for number, line in enumerate(lines):
        if line[:1].isalpha():
            section = line.split()[0]
        elif section == "global" and line.split()[:1] == ["maxconn"]:
            if int(line.split()[1]) > sessions_of_a_process():
                lines[number] = f"    maxconn {sessions_of_a_process()}\n"
    return "".join(lines)


def kernel_settings(compiled: str) -> str:
    """The sysctl file without the settings of the whole machine."""
    lines = compiled.splitlines(keepends=True)
    return "".join(line for line in lines if line.partition("=")[0].strip() not in OF_THE_WHOLE_MACHINE)


def differences(before: str, after: str) -> list[str]:
    """Lines that went ("- ...") and came ("+ ...")."""
    compared = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in compared if line[0] in "+-"]
