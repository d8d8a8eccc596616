"""Images that operators build: what their scripts do, on trees like those of the images; a build needs an engine."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import tarfile
import time
import urllib.request
from pathlib import Path

import pytest

from tests.engines.programs import installed

IMAGES = Path(__file__).resolve().parents[2] / "bootstrap" / "images"
# Where the image has the plugin: in its working folder, and where luarocks installed it.
COPIES = ("custom-plugins/pepkong", "usr/local/share/lua/5.1")


def _logger(call: str) -> str:
    """A plugin's log as pepkong has it: a function that makes a line of shell of its text, and what becomes of it."""
    return f"""local log = {{}}
function log.write(text)
  local line = 'echo "' .. text .. '" >>' .. arg[2]
  {call}
end
return log
"""


@pytest.fixture
def image(tmp_path):
    """A file tree with both copies of the plugin, and others' Lua beside them."""
    for copy in COPIES:
        folder = tmp_path / "image" / copy / "kong" / "plugins"
        for plugin in ("pepkong", "session"):
            (folder / plugin).mkdir(parents=True)
            (folder / plugin / "log.lua").write_text(_logger("os.execute(line)"), "utf-8")
    return tmp_path / "image"


def _patch(image: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [installed("busybox"), "sh", IMAGES / "kong" / "patch.sh", image], capture_output=True, text=True, timeout=30
    )


def _ran(image: Path, copy: str, plugin: str, tmp_path: Path) -> bool:
    """Was a command in the text of the log run?"""
    trace = tmp_path / f"{plugin}-{copy.replace('/', '-')}"
    program = f"""
arg = {{"", {json.dumps(str(tmp_path / "log"))}}}
local log = dofile({json.dumps(str(image / copy / "kong" / "plugins" / plugin / "log.lua"))})
log.write("/device/$(touch {trace})")
"""
    subprocess.run([installed("lua5.1"), "-"], input=program, text=True, timeout=30, check=True)
    return trace.exists()


def test_patched_plugin_runs_no_command(image, tmp_path):
    done = _patch(image)
    assert done.returncode == 0, done.stderr
    for copy in COPIES:
        assert not _ran(image, copy, "pepkong", tmp_path), copy
        # The same code under another name is left alone, and does: so the test can tell.
        assert _ran(image, copy, "session", tmp_path), copy


def test_patch_fails_where_a_command_is_left(image):
    (image / COPIES[1] / "kong" / "plugins" / "pepkong" / "more.lua").write_text(_logger("io.popen(line)"), "utf-8")
    done = _patch(image)
    assert (done.returncode, "still runs commands" in done.stderr) == (1, True)


def test_patch_fails_where_there_is_no_plugin(tmp_path):
    done = _patch(tmp_path)
    assert (done.returncode, done.stderr) == (1, f"patch.sh: there is no pepkong under {tmp_path}\n")


def test_bundle_is_served_as_brokers_ask_for_it(tmp_path):
    """The command of the image, on a port that is free; brokers fetch /bundle.tar.gz and unpack it."""
    text = (IMAGES / "vmq-bundle" / "Dockerfile").read_text("utf-8")
    command = json.loads(re.search(r"^CMD (\[.*\])$", text, re.MULTILINE)[1])
    place = re.search(r"^COPY --from=bundle (/\S+) (/\S+)$", text, re.MULTILINE)[2]
    assert command[0] == "busybox"
    with tarfile.open(tmp_path / "bundle.tar.gz", "w:gz") as archive:
        archive.add(IMAGES / "vmq-bundle" / "build.sh", "_build/default/lib/vmq_k8s/ebin/vmq_k8s.app")
    port = _free_port()
    # The port and the folder are the test's own; so is the user, who could not be another one without root.
    own = {"80": f"127.0.0.1:{port}", place: str(tmp_path)}
    arguments = [own.get(word, word) for word in command[1:]]
    user = arguments.index("-u")
    del arguments[user : user + 2]
    assert f"127.0.0.1:{port}" in arguments and str(tmp_path) in arguments
    server = subprocess.Popen([installed("busybox"), *arguments])
    try:
        content = _fetch(f"http://127.0.0.1:{port}/bundle.tar.gz")
    finally:
        server.kill()
        server.wait()
    assert content == (tmp_path / "bundle.tar.gz").read_bytes()


def test_base_images_are_tagged():
    for file in sorted(IMAGES.glob("*/Dockerfile")):
        bases = re.findall(r"^FROM (\S+)", file.read_text("utf-8"), re.MULTILINE)
        assert bases
        for base in bases:
            assert re.search(r"(:(?!latest$)[\w.-]+|@sha256:[0-9a-f]{64})$", base), f"{file}: {base}"


def test_sources_are_named_by_their_commit():
    rows = re.findall(
        r"^[\w-]+\|(\S+)\|(\S+)$", (IMAGES / "vmq-bundle" / "fetch-sources.sh").read_text("utf-8"), re.MULTILINE
    )
    assert rows
    for url, commit in rows:
        assert url.startswith("https://") and re.fullmatch("[0-9a-f]{40}", commit), (url, commit)


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def _fetch(url: str) -> bytes:
    for _ in range(50):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read()
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")
