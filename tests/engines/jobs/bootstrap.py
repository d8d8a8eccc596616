"""Functions of a compiled bootstrap.sh, with a kubectl that leads into a pod of a test."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.conftest import ROOT
from tests.engines.jobs.pod import Pod

# It prints the value of each key that a template asks for.
_KUBECTL = """\
#!/bin/bash
case $* in
  *" get secret "*)
    for key in $(grep -oP '(?<=index \\.data ")[^"]+' <<<"$*"); do cat "{folder}/secret/$key"; echo; done ;;
  *" exec "*)
    while [[ $1 != -- ]]; do shift; done
    shift
    . {folder}/environment
    exec {command} "$@" ;;
esac
"""


def functions(
    cluster: str, pod: Pod, folder: Path, secret: Mapping[str, str] | None = None
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs one of the script's functions; kubectl's `exec` runs in the pod, its `get secret` knows one alone."""
    (folder / "secret").mkdir(parents=True)
    for key, value in (secret or {}).items():
        (folder / "secret" / key).write_text(value)
    # What the pod has in its environment comes from a file: no command line holds it.
    variables = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in pod.environment.items())
    (folder / "environment").write_text(variables)
    command = shlex.join(pod.command("COMMAND")).removesuffix(" COMMAND")
    program = folder / "kubectl"
    program.write_text(_KUBECTL.replace("{folder}", str(folder)).replace("{command}", command))
    program.chmod(0o755)
    text = (ROOT / "compiled" / cluster / "bootstrap" / "bootstrap.sh").read_text()
    script = folder / "functions.sh"
    script.write_text(text.removesuffix('main "$@"\n') + '"$@"\n')

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", script, *map(str, words)],
            env={"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(folder), "TMPDIR": os.environ.get("TMPDIR", "/tmp")},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run
