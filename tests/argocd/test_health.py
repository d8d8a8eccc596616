"""The health checks, run by a real Lua of the language level that Argo CD embeds (5.1)."""

from __future__ import annotations

import json
import subprocess

import pytest

from components.argocd.settings import CHECKS, SCRIPTS
from tests.engines.programs import installed


def _literal(value) -> str:
    """A value as Lua writes it."""
    if value is None:
        return "nil"
    if isinstance(value, dict):
        return "{" + ",".join(f"[{json.dumps(key)}]={_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "{" + ",".join(map(_literal, value)) + "}"
    return json.dumps(value)


def judge(script: str, obj: dict) -> tuple[str, str]:
    """Status and message of `obj`. The script sees what Argo CD gives it: no string or io library."""
    program = f"""
local check = assert(loadfile({json.dumps(str(SCRIPTS / script))}))
local given = {{table = table, ipairs = ipairs, pairs = pairs, tostring = tostring, type = type}}
given.obj = {_literal(obj)}
setfenv(check, given)
local health = check()
io.write(health.status, "\\n", health.message)
"""
    done = subprocess.run([installed("lua5.1"), "-"], input=program, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    status, _, message = done.stdout.partition("\n")
    return status, message


def _broker(size, status=None):
    return {"metadata": {"name": "k8s"}, "spec": {"size": size} if size else {}, "status": status}


@pytest.mark.parametrize(
    ("obj", "status", "message"),
    [
        # The operator never writes a status: waiting for one would block every sync.
        (_broker(3), "Healthy", "Accepted; the operator reports no nodes"),
        (_broker(3, {}), "Healthy", "Accepted; the operator reports no nodes"),
        (_broker(3, {"nodes": None}), "Healthy", "Accepted; the operator reports no nodes"),
        (_broker(3, {"nodes": []}), "Progressing", "0 of 3 nodes"),
        (_broker(3, {"nodes": ["a", "b"]}), "Progressing", "2 of 3 nodes"),
        (_broker(3, {"nodes": ["a", "b", "c", "d"]}), "Progressing", "4 of 3 nodes"),
        (_broker(3, {"nodes": ["a", "b", "c"]}), "Healthy", "3 of 3 nodes"),
        (_broker(None, {"nodes": ["a"]}), "Healthy", "1 of 1 nodes"),
    ],
)
def test_vernemq(obj, status, message):
    assert judge("vernemq.lua", obj) == (status, message)


@pytest.mark.parametrize(
    ("obj", "status", "message"),
    [
        ({}, "Progressing", "Not judged yet"),
        ({"status": {}}, "Progressing", "Not judged yet"),
        ({"status": {"health": {}}}, "Progressing", "Not judged yet"),
        ({"status": {"health": {"status": "Healthy"}}}, "Healthy", ""),
        ({"status": {"health": {"status": "Degraded", "message": "kafka"}}}, "Degraded", "kafka"),
    ],
)
def test_application(obj, status, message):
    assert judge("application.lua", obj) == (status, message)


def test_every_script_is_used():
    assert {path.name for path in SCRIPTS.glob("*.lua")} == set(CHECKS.values())
