"""The programs of the engine tests: found where they may be, built whole or not at all."""

from __future__ import annotations

import subprocess
import sys

import pytest

from scripts import engine_catalogue, install_engines
from scripts.engine_catalogue import Missing, builds
from tests.conftest import ROOT


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A catalogue with one build of its own; returns what writes its build.sh."""
    monkeypatch.setenv("DOJOT_ENGINES", str(tmp_path / "cache"))
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "assets"))
    monkeypatch.setattr(engine_catalogue, "MODULES", tmp_path)
    monkeypatch.setattr(
        engine_catalogue,
        "catalogue",
        lambda: {
            "packages": {"no-such-daemon": "no-such-package"},
            "builds": {"engine-1": {"line": "v1.", "programs": {"engine": ["--version"]}}},
        },
    )
    (tmp_path / "engine-1").mkdir()
    (tmp_path / "assets").mkdir()

    def write(body: str) -> None:
        (tmp_path / "engine-1" / "build.sh").write_text(f"set -eu\n{body}\n")

    return write


def program(path, version):
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)


def test_a_build_is_made_once_and_found(fake, tmp_path):
    fake('echo made >>"$(dirname "$0")/../notes"; printf "#!/bin/sh\\necho v1.2\\n" >"$1/engine"; chmod +x "$1/engine"')
    with pytest.raises(Missing, match="engine v1.* is neither on PATH nor built yet"):
        engine_catalogue.built("engine", "engine-1")
    build = builds()["engine-1"]
    install_engines.make(build)
    install_engines.make(build)
    assert (tmp_path / "notes").read_text() == "made\n"
    assert engine_catalogue.built("engine", "engine-1") == build.target / "engine"


def test_a_program_of_the_right_version_is_preferred(fake, tmp_path):
    program(tmp_path / "assets" / "engine", "v1.7")
    assert engine_catalogue.built("engine", "engine-1") == tmp_path / "assets" / "engine"


def test_a_program_of_another_version_is_passed_over(fake, tmp_path):
    program(tmp_path / "assets" / "engine", "v2.0")
    with pytest.raises(Missing):
        engine_catalogue.built("engine", "engine-1")


def test_a_program_is_not_parted_from_the_files_of_its_sources(fake, tmp_path, monkeypatch):
    fake("true")
    known = engine_catalogue.catalogue()
    known["builds"]["engine-1"]["files"] = ["deep/in/the/sources/settings.yml"]
    monkeypatch.setattr(engine_catalogue, "catalogue", lambda: known)
    program(tmp_path / "assets" / "engine", "v1.7")
    target = builds()["engine-1"].target
    target.mkdir(parents=True)
    program(target / "engine", "v1.2")
    with pytest.raises(Missing):
        engine_catalogue.built("engine", "engine-1")
    (target / "settings.yml").touch()
    assert engine_catalogue.built("engine", "engine-1") == target / "engine"


@pytest.mark.parametrize(
    "body, words",
    [
        ('echo the disk is full; touch "$1/engine"; exit 3', "engine-1: exit code 3\nthe disk is full"),
        ("true", "engine-1: built, but without engine"),
    ],
)
def test_a_failed_build_leaves_nothing_to_be_found(fake, body, words):
    fake(body)
    build = builds()["engine-1"]
    with pytest.raises(install_engines.Failed) as failure:
        install_engines.make(build)
    assert str(failure.value) == words
    assert not build.target.exists()


def test_another_recipe_is_another_build(fake):
    fake("true")
    before = builds()["engine-1"].target
    fake("false")
    assert builds()["engine-1"].target != before


@pytest.mark.parametrize("cgo, said", [({}, "0"), ({"cgo": True}, "1")])
def test_parts_in_c_are_built_where_a_build_has_some(fake, tmp_path, monkeypatch, cgo, said):
    known = engine_catalogue.catalogue()
    known["builds"]["engine-1"] |= cgo
    monkeypatch.setattr(engine_catalogue, "catalogue", lambda: known)
    (tmp_path / "engine-1" / "go.mod").touch()
    go = tmp_path / "assets" / "go"
    go.write_text("""#!/bin/sh
case $1 in
  mod) echo '{"Tool": [{"Path": "a.example/engine"}],
    "Require": [{"Path": "a.example/engine", "Version": "v1.2.3"}]}' ;;
  build) while [ "$1" != -o ]; do shift; done; echo "$CGO_ENABLED" >"$2/engine" ;;
esac
""")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", str(go.parent), prepend=":")
    build = builds()["engine-1"]
    install_engines.make(build)
    assert (build.target / "engine").read_text() == f"{said}\n"


def test_a_package_that_is_missing_is_named(fake):
    with pytest.raises(Missing, match="no-such-daemon is not installed .apt-get install no-such-package."):
        engine_catalogue.installed("no-such-daemon")
    assert install_engines.missing_packages() == ["no-such-package"]


def test_of_several_servers_the_newest_is_found(fake, tmp_path, monkeypatch):
    for release in ("9.6", "15", "13"):
        (tmp_path / release / "bin").mkdir(parents=True)
        program(tmp_path / release / "bin" / "no-such-daemon", release)
    monkeypatch.setattr(engine_catalogue, "DAEMONS", (f"{tmp_path}/*/bin",))
    assert engine_catalogue.installed("no-such-daemon") == tmp_path / "15" / "bin" / "no-such-daemon"


def test_every_build_has_its_sources():
    for build in builds().values():
        found = {path.name for path in build.folder.iterdir()}
        assert {"go.mod", "go.sum"} <= found or "build.sh" in found, f"{build.name} has neither Go modules nor build.sh"


def test_every_kubernetes_of_a_cluster_has_an_engine(cluster):
    minor = cluster.platform.kubernetes.minor
    assert any(build.minor == minor and "kube-apiserver" in build.programs for build in builds().values()), (
        f"engines.yml has no build for Kubernetes {minor}, which {cluster.name} runs on"
    )


def test_an_unknown_name_is_wrong_use():
    done = subprocess.run(
        [sys.executable, "scripts/install_engines.py", "kubernetes-0"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2 and "no build named kubernetes-0; there are " in done.stderr
