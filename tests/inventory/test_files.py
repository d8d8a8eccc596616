"""Scripts of inventory/files whose programs no registry of ours has: here they meet stand-ins."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from tests.conftest import ROOT

_FILES = ROOT / "inventory" / "files"
# As InfluxDB: the setup is taken once, and a bucket is seen with the token of that setup only.
INFLUX = r"""
state=$STATE/setup
while [ $# -gt 0 ]; do
  case $1 in
    --*) name=${1#--}; case $name in force) ;; *) eval "$name=\$2"; shift ;; esac ;;
    *) words="${words:-}$1 " ;;
  esac
  shift
done
case $words in
  "ping ") [ ! -e "$STATE/asleep" ] || { rm "$STATE/asleep"; exit 1; } ;;
  "bucket list ") [ -e "$state" ] && [ "$(cat "$state")" = "$org/$name/$token" ] ;;
  "setup ") [ ! -e "$state" ] && printf '%s' "$org/$bucket/$token" >"$state" && echo "$username $password $retention" >"$STATE/user" ;;
  *) exit 9 ;;
esac
"""
SETUP = {
    "INFLUX_HOST": "http://influxdb:8086",
    "INFLUX_ORGANIZATION": "admin",
    "INFLUX_BUCKET": "devices",
    "INFLUX_TOKEN": "aToken",
    "INFLUX_USER": "dojot",
    "INFLUX_PASSWORD": "aPassword",
    "INFLUX_RETENTION": "7d",
    "INFLUX_ATTEMPTS": "3",
    "INFLUX_PAUSE_SECONDS": "0",
}
# As the images of gui and gui-v2 have it.
NGINX_CONF = """
user  nginx;
worker_processes  1;
pid        /var/run/nginx.pid;
events { worker_connections  1024; }
http {
    include       /etc/nginx/mime.types;
    include /etc/nginx/conf.d/*.conf;
}
"""


@pytest.fixture
def run(tmp_path):
    """Runs a script with a stand-in before the real programs."""
    (tmp_path / "bin").mkdir()

    def run(script, program, body, **environment):
        path = tmp_path / "bin" / program
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return subprocess.run(
            ["sh", str(_FILES / script)],
            capture_output=True,
            text=True,
            timeout=30,
            env={"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "STATE": str(tmp_path), **environment},
        )

    return run


def test_influxdb_is_set_up_once(run, tmp_path):
    (tmp_path / "asleep").touch()
    first = run("influxdb-setup.sh", "influx", INFLUX, **SETUP)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == "done: InfluxDB has bucket devices of organization admin\n"
    assert (tmp_path / "user").read_text() == "dojot aPassword 7d\n"
    again = run("influxdb-setup.sh", "influx", INFLUX, **SETUP)
    assert (again.returncode, again.stdout.split(":")[0]) == (0, "skipped")
    for done in (first, again):
        assert "aToken" not in done.stdout + done.stderr and "aPassword" not in done.stdout + done.stderr


def test_influxdb_with_another_token_fails_the_sync(run, tmp_path):
    (tmp_path / "setup").write_text("admin/devices/another")
    done = run("influxdb-setup.sh", "influx", INFLUX, **SETUP)
    assert done.returncode == 1 and "set up with another token?" in done.stderr
    assert (tmp_path / "setup").read_text() == "admin/devices/another"


def test_influxdb_that_never_answers_fails_the_sync(run):
    done = run("influxdb-setup.sh", "influx", "exit 1", **SETUP)
    assert done.returncode == 1
    assert done.stderr == "failed: no answer from InfluxDB at http://influxdb:8086 after 3 attempts\n"


def _nginx(run, tmp_path, site):
    (tmp_path / "from" / "conf.d").mkdir(parents=True)
    (tmp_path / "from" / "nginx.conf").write_text(NGINX_CONF)
    (tmp_path / "from" / "conf.d" / "default.conf").write_text(site)
    (tmp_path / "into").mkdir()
    return run(
        "nginx.sh",
        "nginx",
        'echo "nginx $*"',
        LISTEN_PORT="8080",
        NGINX_FROM=str(tmp_path / "from"),
        NGINX_INTO=str(tmp_path / "into"),
    )


def test_nginx_needs_no_root(run, tmp_path):
    into = tmp_path / "into"
    done = _nginx(run, tmp_path, "server {\n    listen       80;\n    location / { root /usr/share/nginx/html; }\n}\n")
    assert done.stdout == f"nginx -c {into}/nginx.conf -g daemon off;\n", done.stderr
    main, site = ((into / name).read_text() for name in ("nginx.conf", "site.conf"))
    assert re.search(r"^    listen       8080;$", site, re.MULTILINE) and "root /usr/share/nginx/html" in site
    assert "user " not in main and f"pid        {into}/nginx.pid;" in main
    assert re.findall(r"include\s+(\S+);", main) == ["/etc/nginx/mime.types", f"{into}/site.conf"]


def test_nginx_of_another_kind_is_refused(run, tmp_path):
    done = _nginx(run, tmp_path, "server { listen 443 ssl; }\n")
    assert done.returncode == 1 and "does not listen on 80" in done.stderr
