"""`backup` and `restore` with fakes of etcd and of the databases' programs, which run as they would in their pods."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import tarfile
from pathlib import Path

import pytest

from tests.platforms import one_platform

from .conftest import nodes_of, states

pytestmark = [one_platform, pytest.mark.skipif(os.geteuid() != 0, reason="these steps run as root only")]

SECRETS = {"POSTGRES_PASSWORD": "post-secret", "MONGO_INITDB_ROOT_PASSWORD": "mongo-secret"}
# What a pod has in its environment; a program in it has neither terminal nor this machine's variables.
KUBECTL = r"""
case $* in
  *--raw=/healthz*) [[ -e $STATE/answers ]] ;;
  *etcdctl*)
    printf 'objects of %s\n' "$(cat "$STATE/etcd")" >"${*: -1}" ;;
  *' exec '*)
    while [[ $1 != -- ]]; do shift; done
    shift
    export POSTGRES_USER=post POSTGRES_PASSWORD=post-secret
    export MONGO_INITDB_ROOT_USERNAME=mongo MONGO_INITDB_ROOT_PASSWORD=of-its-start
    exec "$@" ;;
  *'get secret mongodb-secret'*'index .data "password" | base64decode'*) echo mongo-secret ;;
esac
"""
PSQL = r"""
said=$(cat)
printf '%s\n' "$said" >>"$STATE/statements"
case $said in
  *'from pg_database where datallowconn'*) printf 'auth|auth_role\nkong|kong_role\n' ;;
  'select 1 from pg_database'*) [[ $* != *--set=name=kong* || -e $STATE/has-kong ]] && echo 1 || true ;;
esac
"""
PG_DUMP = r"""
echo "create table $(sed 's/.*--dbname=//' <<<"$*")_rows ();"
[[ -e $STATE/cut-off ]] || printf -- '--\n-- PostgreSQL database dump complete\n--\n'
"""
MONGODUMP = r"""cat >"$STATE/given"; echo an archive"""
MONGORESTORE = r"""cat >"$STATE/given"; cat /dev/fd/3 >"$STATE/filled" """
# As kubeadm init does; it says what it has found.
KUBEADM = r"""
case $* in
  'config images list'*) printf 'r/kube-apiserver:v1\nr/etcd:3.6.8-0\nr/pause:3\n' ;;
  init*)
    ls "$HOST" >"$STATE/found"
    [[ -e $STATE/init-breaks ]] && { touch "$HOST/admin.conf"; exit 1; }
    touch "$HOST/admin.conf" "$STATE/answers" ;;
esac
"""
# RUN ... IMAGE [NAME] PROGRAM ARGUMENTS...
RUNTIME = r"""
[[ $* == *etcdutl\ version* ]] && { [[ ! -e $STATE/old-etcd ]]; exit; }
for word in "$@"; do
  case $word in
    --data-dir=*) mkdir -p "${word#*=}/member"; cp "$HOST/restored.db" "${word#*=}/member/db" ;;
  esac
done
"""


@pytest.fixture
def master(sandbox, cluster):
    """A control plane that runs, with databases, and an empty directory of another machine."""
    (sandbox.host / "pki" / "etcd").mkdir(parents=True)
    (sandbox.host / "pki" / "ca.key").write_text("a key of the cluster")
    (sandbox.host / "apiserver").mkdir()
    (sandbox.host / "apiserver" / "encryption.yml").write_text("the key of Secrets")
    (sandbox.host / "admin.conf").touch()
    (sandbox.host / "member").mkdir()
    (sandbox.state / "answers").touch()
    (sandbox.state / "etcd").write_text("today")
    (sandbox.folder / "mounted").mkdir()
    host = f"export HOST={sandbox.host}\n"
    sandbox.fake("hostname", f"echo {cluster.control_plane.address}")
    sandbox.fake("kubectl", host + nodes_of(cluster) + KUBECTL)
    sandbox.fake("kubeadm", host + KUBEADM)
    for name in ("ctr", "docker"):
        sandbox.fake(name, host + RUNTIME)
    for name, body in {"psql": PSQL, "pg_dump": PG_DUMP, "mongodump": MONGODUMP, "mongorestore": MONGORESTORE}.items():
        sandbox.fake(name, body)
    # Each mount is another disk.
    sandbox.fake("findmnt", '[[ $* == */mounted* ]] && echo " 0:52" || echo "  8:1 "')
    sandbox.fake("sync", "")
    sandbox.fake("sleep", "")
    return sandbox


def _with_backups(box, *, keep: int = 2, folder: str = "mounted") -> None:
    row = f"02:30|{keep}|{box.folder / folder}"
    text, number = re.subn(r"^readonly BACKUPS=\([^)]*\)", f"readonly BACKUPS=(\n  '{row}'\n)", box.text, flags=re.M)
    assert number == 1
    (box.folder / "bootstrap" / "bootstrap.sh").write_text(text)


def _without_backups(box) -> None:
    text = re.sub(r"^readonly BACKUPS=\([^)]*\)", "readonly BACKUPS=()", box.text, flags=re.M)
    (box.folder / "bootstrap" / "bootstrap.sh").write_text(text)


def _made(box) -> list[Path]:
    return sorted((box.folder / "mounted").iterdir())


def _backup(box) -> Path:
    done = box.run("backup", "--to", str(box.folder / "mounted"))
    assert done.returncode == 0, done.stdout + done.stderr
    return _made(box)[-1]


def _lost(box) -> None:
    """The disk of the control plane: nothing of it is left."""
    for name in ("pki", "apiserver", "member"):
        shutil.rmtree(box.host / name)
    (box.host / "admin.conf").unlink()
    (box.state / "answers").unlink()


def _failed(done) -> str:
    assert done.returncode == 1, done.stdout + done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("failed: ")]
    return line


# ---- backup


def test_all_that_is_needed_is_in_one_folder_for_root_alone(master, cluster):
    folder = _backup(master)
    assert re.fullmatch(rf"{cluster.name}-\d{{8}}T\d{{6}}Z", folder.name)
    assert (folder / "etcd.db").read_text() == "objects of today\n"
    with tarfile.open(folder / "kubernetes.tar") as saved:
        assert {"pki/ca.key", "apiserver/encryption.yml"} <= set(saved.getnames())
    dumps = sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/*"))
    assert dumps == ["mongodb/archive.gz", "postgres/auth.sql.gz", "postgres/databases", "postgres/kong.sql.gz"]
    for path in (folder, *folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    # The manifest, reckoned by another program.
    rows = [row.split("|") for row in (folder / "manifest").read_text().splitlines()]
    files = {path: (sum_, int(size)) for kind, sum_, size, path in (row for row in rows if row[0] == "file")}
    assert files == {
        path.relative_to(folder).as_posix(): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size)
        for path in folder.rglob("*")
        if path.is_file() and path.name != "manifest"
    }
    assert ["kubernetes", cluster.platform.kubernetes.version] in rows and ["cluster", cluster.name] in rows


def test_no_password_is_an_argument_or_a_word_of_the_output(master):
    folder = _backup(master)
    done = master.run(
        "restore", "--from", str(folder), "--database", "mongodb", "--yes", folder.name.rpartition("-")[0]
    )
    assert done.returncode == 0, done.stderr
    assert (master.state / "given").read_text() == "mongo-secret\n"
    assert (master.state / "filled").read_text() == "an archive\n"
    said = "\n".join(master.calls) + done.stdout + done.stderr
    assert not [secret for secret in SECRETS.values() if secret in said]


def test_what_breaks_off_leaves_nothing(master):
    (master.state / "cut-off").touch()
    done = master.run("backup", "--to", str(master.folder / "mounted"))
    assert "the dump of the database auth of postgres has no end" in _failed(done)
    assert _made(master) == []
    (master.state / "cut-off").unlink()
    master.fake("mongodump", "echo half of it; exit 1")
    assert "save the database mongodb" in _failed(master.run("backup", "--to", str(master.folder / "mounted")))
    assert _made(master) == []
    master.fake("mongodump", MONGODUMP)
    # It has no time to tidy up: the next one does.
    master.killed("sync", "backup", "--to", str(master.folder / "mounted"))
    assert [path.name[0] for path in _made(master)] == ["."]
    _backup(master)
    assert [path.name[0] != "." for path in _made(master)] == [True]


def test_the_newest_are_kept_and_those_of_others_too(master, cluster):
    _with_backups(master)
    folder = master.folder / "mounted"
    for name in (f"{cluster.name}-20250101T000000Z", f"{cluster.name}-20250102T000000Z", "another-20250101T000000Z"):
        (folder / name).mkdir()
    done = master.run("backup")
    assert done.returncode == 0, done.stderr
    names = [path.name for path in _made(master)]
    assert len(names) == 3 and f"{cluster.name}-20250101T000000Z" not in names and "another-20250101T000000Z" in names
    metrics = (master.host / "metrics" / "backup.prom").read_text()
    assert re.search(r"^dojot_backup_timestamp_seconds [1-9]\d{9}$", metrics, re.M)
    assert (master.host / "metrics" / "backup.prom").stat().st_mode & 0o777 == 0o644


def test_one_by_hand_tidies_up_nothing_and_is_not_told(master, cluster):
    _with_backups(master, keep=1)
    (master.folder / "mounted" / f"{cluster.name}-20250101T000000Z").mkdir()
    _backup(master)
    assert len(_made(master)) == 2 and not (master.host / "metrics").exists()


def test_the_own_disk_is_no_place_for_it(master):
    _with_backups(master, folder="home")
    assert "would be lost with it" in _failed(master.run("backup"))
    assert "would be lost with it" in _failed(master.run("backup-timer"))
    assert not list((master.folder / "home").iterdir())


def test_without_a_place_it_says_so(master):
    _without_backups(master)
    assert "backup.enabled: false" in _failed(master.run("backup"))
    assert "there is no directory /nowhere" in _failed(master.run("backup", "--to", "/nowhere"))


# ---- restore of the control plane


def test_a_lost_control_plane_comes_back(master, cluster):
    folder = _backup(master)
    _lost(master)
    done = master.run("restore", "--from", f"{folder}/", "--yes", cluster.name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (master.host / "pki" / "ca.key").read_text() == "a key of the cluster"
    assert (master.host / "apiserver" / "encryption.yml").read_text() == "the key of Secrets"
    assert (master.host / "member" / "db").read_text() == "objects of today\n"
    # What kubelets know is there before an API server answers them.
    found = (master.state / "found").read_text().split()
    assert {"member", "pki", "apiserver"} <= set(found)
    (unpacked,) = [call for call in master.calls if "--data-dir" in call]
    node = cluster.control_plane
    assert f"--initial-cluster={node.name}=https://{node.address}:2380" in unpacked and "r/etcd:3.6.8-0" in unpacked
    assert "--bump-revision" in unpacked
    assert not list(master.host.glob("restor*"))
    again = master.run("restore", "--from", str(folder), "--yes", cluster.name)
    assert "this host has a control plane" in _failed(again)


def test_an_older_etcd_has_another_program(master, cluster):
    folder = _backup(master)
    _lost(master)
    (master.state / "old-etcd").touch()
    assert master.run("restore", "--from", str(folder), "--yes", cluster.name).returncode == 0
    (unpacked,) = [call for call in master.calls if "--data-dir" in call]
    assert "etcdctl snapshot restore" in unpacked and "bump" not in unpacked


@pytest.mark.parametrize("at", ["kubeadm config images pull", "ctr --namespace=k8s.io run", "kubeadm init"])
def test_killed_it_goes_on_by_the_same_backup(master, cluster, at):
    if cluster.platform.runtime.name == "docker" and at.startswith("ctr"):
        at = "docker run"
    folder = _backup(master)
    _lost(master)
    master.killed(at, "restore", "--from", str(folder), "--yes", cluster.name)
    other = master.folder / "mounted" / f"{cluster.name}-20250101T000000Z"
    shutil.copytree(folder, other)
    assert f"the backup {folder.name} is being put back" in _failed(master.run("restore", "--from", str(other)))
    done = master.run("restore", "--from", str(folder), "--yes", cluster.name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (master.host / "member" / "db").read_text() == "objects of today\n"
    assert not list(master.host.glob("restor*"))


def test_an_init_that_broke_off_is_reset_by_a_person(master, cluster):
    folder = _backup(master)
    _lost(master)
    (master.state / "init-breaks").touch()
    assert "kubeadm init" in _failed(master.run("restore", "--from", str(folder), "--yes", cluster.name))
    (master.state / "init-breaks").unlink()
    assert 'run "kubeadm reset" yourself' in _failed(
        master.run("restore", "--from", str(folder), "--yes", cluster.name)
    )


def test_without_the_name_of_the_cluster_nothing_happens(master, cluster):
    folder = _backup(master)
    _lost(master)
    for words in ([], ["--yes", "another"]):
        assert f"the name of the cluster is {cluster.name}" in _failed(
            master.run("restore", "--from", str(folder), *words)
        )
    assert not (master.host / "pki").exists() and not (master.host / "restoring").exists()
    assert master.run("restore").returncode == 2


@pytest.mark.parametrize(
    "old, new, said",
    [
        (r"^cluster\|.*", "cluster|another", "is a backup of the cluster another"),
        (r"^kubernetes\|.*", "kubernetes|v1.0.0", "is of Kubernetes v1.0.0"),
        (r"^control-plane\|.*", "control-plane|other|10.0.0.1", "is of the control plane other (10.0.0.1)"),
        (r"^file\|.*\n", "", "names no file"),
        (r"(?s).*", "", "is a backup of the cluster that it does not name"),
    ],
)
def test_another_backup_is_refused(master, cluster, old, new, said):
    folder = _backup(master)
    _lost(master)
    manifest = folder / "manifest"
    manifest.write_text(re.sub(old, new, manifest.read_text(), flags=re.M))
    assert said in _failed(master.run("restore", "--from", str(folder), "--yes", cluster.name))
    assert not (master.host / "pki").exists()


@pytest.mark.parametrize("path", ["etcd.db", "kubernetes.tar", "mongodb/archive.gz", "postgres/kong.sql.gz"])
def test_a_file_that_has_changed_is_seen(master, cluster, path):
    folder = _backup(master)
    _lost(master)
    content = bytearray((folder / path).read_bytes())
    content[-1] ^= 1
    (folder / path).write_bytes(content)
    assert f"{folder}/{path} is not as it was saved" in _failed(
        master.run("restore", "--from", str(folder), "--yes", cluster.name)
    )
    (folder / path).unlink()
    assert "is not as it was saved" in _failed(master.run("restore", "--from", str(folder), "--yes", cluster.name))
    assert not (master.host / "pki").exists()


# ---- restore of a database


def test_a_database_is_filled_in_one_transaction(master, cluster):
    folder = _backup(master)
    (master.state / "statements").unlink()
    done = master.run("restore", "--from", str(folder), "--database", "postgres", "--yes", cluster.name)
    assert done.returncode == 0, done.stderr
    said = (master.state / "statements").read_text()
    for name in ("auth", "kong"):
        begin, commit = said.index("begin;"), said.index("commit;")
        assert begin < said.index(f"create table {name}_rows") < commit
        said = said[commit + 1 :]
    # One that is not there is made, with its owner.
    (made,) = [call for call in master.calls if "--set=owner=kong_role" in call and call.startswith("psql")]
    assert "--dbname=postgres" in made and not [call for call in master.calls if "--set=owner=auth_role" in call]


def test_a_database_that_nobody_has_is_named(master, cluster):
    folder = _backup(master)
    said = _failed(master.run("restore", "--from", str(folder), "--database", "oracle", "--yes", cluster.name))
    assert "has no database oracle, but: mongodb postgres" in said
    shutil.rmtree(folder / "mongodb")
    text = (folder / "manifest").read_text()
    (folder / "manifest").write_text(re.sub(r"^file.*mongodb.*\n", "", text, flags=re.M))
    said = _failed(master.run("restore", "--from", str(folder), "--database", "mongodb", "--yes", cluster.name))
    assert "holds no database mongodb" in said


# ---- the timer

SYSTEMCTL = """case $1 in
  is-*) [[ -e $STATE/$1 ]] ;;
  enable) touch "$STATE/is-enabled" ;;
  start) touch "$STATE/is-active" ;;
  disable) rm -f "$STATE/is-enabled" "$STATE/is-active" ;;
esac"""


def test_the_timer_is_set_up_kept_and_taken_away(master, cluster):
    _with_backups(master)
    master.fake("systemctl", SYSTEMCTL)
    done = master.run("backup-timer")
    assert done.returncode == 0 and states(done.stdout) == {"done"}, done.stdout + done.stderr
    assert (master.host / "copy" / "bootstrap.sh").read_text() == master.text
    service = (master.host / "units" / "dojot-backup.service").read_text()
    assert f"ReadWritePaths={master.folder / 'mounted'} " in service
    assert "OnCalendar=*-*-* 02:30:00 UTC\n" in (master.host / "units" / "dojot-backup.timer").read_text()
    assert states(master.run("backup-timer").stdout) == {"skipped"}
    _without_backups(master)
    done = master.run("backup-timer")
    assert states(done.stdout) == {"done"} and "systemctl disable --now dojot-backup.timer" in master.calls
    assert not list((master.host / "units").iterdir())
    assert states(master.run("backup-timer").stdout) == {"skipped"}
