"""A proxy on the way to the Internet: who is told of it, and who is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.cluster.proxy import environment
from components.kubeadm import script
from tests.platforms import one_platform

from .conftest import new_sandbox

pytestmark = one_platform
_ROWS = ["http_proxy=http://p:1", "https_proxy=http://p:2", "no_proxy=localhost,10.0.0.0/8"]


@pytest.fixture
def plain(cluster):
    return replace(cluster, platform=cluster.platform.model_copy(update={"proxy": None}))


@pytest.fixture
def sourced(tmp_path, plain):
    """Runs shell with the functions of the script at hand, and a proxy; `live` changes are noted only."""

    def run(shell: str, rows=_ROWS, root=True):
        body = text.replace("readonly PROXY=(\n)", f"readonly PROXY=({' '.join(rows)})").replace('\nmain "$@"\n', "\n")
        box.write(f"{body}\n{'OPTION[root]=$STATE/host' if root else ''}\n{shell}\n")
        return box.run()

    text = script.script(plain)
    box = new_sandbox(tmp_path, text)
    box.fake("env", 'printf "%s\\n" "$@" >"$STATE/environment"; exec /usr/bin/env "$@"')
    box.fake("curl", 'printf "%s|%s|%s" "$http_proxy" "$https_proxy" "$no_proxy" >"$STATE/curl"')
    run.box = box
    return run


def test_what_fetches_is_told(sourced):
    assert sourced("download https://a.example/b /dev/null").returncode == 0
    assert (sourced.box.state / "curl").read_text() == "http://p:1|http://p:2|localhost,10.0.0.0/8"
    done = sourced("fetch_revision https://a.example/b main || true; true", root=False)
    assert (sourced.box.state / "environment").read_text().splitlines()[: len(_ROWS)] == _ROWS, done.stderr


def test_nobody_else_is(sourced):
    """kubeadm would write them into the control plane."""
    done = sourced("download https://a.example/b /dev/null; env | grep -ci _proxy= || true; env | grep -c p:1 || true")
    assert done.stdout.split() == ["0", "0"], done.stdout + done.stderr


def test_the_runtime_has_a_file_of_its_own(sourced, cluster):
    path = f"etc/systemd/system/{cluster.platform.runtime.service}.service.d/91-dojot-proxy.conf"
    file = sourced.box.state / "host" / path
    done = sourced("set_runtime_proxy; is_owed $RUNTIME_SERVICE && echo owed; set_runtime_proxy")
    assert file.read_text() == "[Service]\n" + "".join(f'Environment="{row}"\n' for row in _ROWS)
    assert "owed\nskipped: " in done.stdout.replace(
        "skipped: read the unit files again (--root: no running system)\n", ""
    )
    done = sourced("set_runtime_proxy; is_owed $RUNTIME_SERVICE && echo owed", rows=())
    assert not file.exists() and done.stdout.endswith("owed\n"), done.stdout + done.stderr
    assert sourced("set_runtime_proxy; is_owed $RUNTIME_SERVICE || echo nothing", rows=()).stdout == "nothing\n"


def test_without_one_nothing_is_set(plain):
    assert environment(plain) == {} and "readonly PROXY=(\n)" in script.script(plain)
