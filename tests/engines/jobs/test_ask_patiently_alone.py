"""ask-patiently.py by itself, with a program beside it that does nothing."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.conftest import ROOT
from tests.engines.jobs.addresses import own_address
from tests.engines.jobs.http_server import serving
from tests.engines.jobs.waiting import until

SCRIPT = ROOT / "inventory/files/ask-patiently.py"
ASKED, BROKER = 8099, 8080


@pytest.fixture
def alone():
    """(process, where to ask, address of data-broker); the program behind it is `sleep`."""
    here, there = own_address(ASKED), own_address(BROKER)
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), "sleep", "60"],
        env={
            **os.environ,
            "DATA_BROKER_URL": f"http://{here}:{ASKED}",
            "DATA_BROKER_ADDRESS": f"{there}:{BROKER}",
            "DATA_BROKER_PAUSE_SECONDS": "0.1",
        },
        start_new_session=True,
    )
    until(lambda: any(_children(child) for child in _children(process.pid)), "there is no server")
    yield process, f"http://{here}:{ASKED}/topic/a", there
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _children(number):
    return [int(child) for child in Path(f"/proc/{number}/task/{number}/children").read_text().split()]


def test_the_program_takes_the_place_of_the_script(alone):
    process, _, _ = alone
    assert Path(f"/proc/{process.pid}/comm").read_text() == "sleep\n"


def test_a_server_that_ends_is_started_again(alone):
    process, url, broker = alone
    (keeper,) = _children(process.pid)
    (server,) = _children(keeper)
    with serving(lambda call: (200, {"topic": "a"}), broker, BROKER):
        os.kill(server, signal.SIGKILL)
        with urlopen(url, timeout=10) as reply:
            assert json.load(reply) == {"topic": "a"}
    assert _children(keeper) != [server]


def test_a_token_is_passed_on_and_a_refusal_comes_back(alone):
    _, url, broker = alone
    refusal = serving(lambda call: (401, {"error": "no user"}), broker, BROKER)
    with refusal as calls, pytest.raises(HTTPError, match="401"):
        urlopen(Request(url, headers={"Authorization": "Bearer a.b.c"}), timeout=10)
    assert [(call.path, call.headers["Authorization"]) for call in calls] == [("/topic/a", "Bearer a.b.c")]


def test_it_is_written_for_the_python_of_the_images():
    """3.6, whose library has no ThreadingHTTPServer yet."""
    text = SCRIPT.read_text("utf-8")
    ast.parse(text, feature_version=(3, 6))
    assert "ThreadingHTTPServer" not in text
