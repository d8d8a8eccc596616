"""Images whose program a package registry has: the program itself, started as the image starts it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from scripts.engine_catalogue import built, installed
from tests.rehearsal.images.oci import Config
from tests.rehearsal.images.tree import File, Folder, Link, folder, programs, text, users
from tests.rehearsal.images.workshop import Workshop, scripts

#: The layers of an image, the lowest first, and its configuration.
Image = tuple[Sequence[str], Config]
REAL: dict[str, Callable[[Workshop], Image]] = {}


def image(*names: str) -> Callable[[Callable[[Workshop], Image]], Callable[[Workshop], Image]]:
    """Registers what makes the image of these names (without registry and tag)."""

    def register(make: Callable[[Workshop], Image]) -> Callable[[Workshop], Image]:
        REAL.update(dict.fromkeys(names, make))
        return make

    return register


@image("busybox")
def busybox(workshop: Workshop) -> Image:
    return [workshop.busybox, workshop.store.layer(users({"nobody": (65534, 65534, "/")}))], Config(command=("sh",))


@image("curlimages/curl")
def curl(workshop: Workshop) -> Image:
    own = users({"curl_user": (100, 101, "/home/curl_user")})
    layer = workshop.store.layer({**own, **programs({"/usr/bin/curl": installed("curl")})})
    return [workshop.busybox, layer], Config(("/entrypoint.sh",), ("curl",), "curl_user")


@image("dojot/redis", "docker/library/redis")
def redis(workshop: Workshop) -> Image:
    layer = workshop.store.layer(
        {
            **users({"redis": (999, 1000, "/home/redis")}),
            **programs(
                {
                    "/usr/local/bin/redis-server": installed("redis-server"),
                    "/usr/local/bin/redis-cli": installed("redis-cli"),
                }
            ),
            **scripts("redis"),
            "/data": Folder(owner=(999, 1000)),
        }
    )
    config = Config(("docker-entrypoint.sh",), ("redis-server",), folder="/data", ports=(6379,), volumes=("/data",))
    return [workshop.busybox, layer], config


@image("dojot/postgres")
def postgres(workshop: Workshop) -> Image:
    program = installed("postgres").resolve()
    release = program.parent.parent
    # Without LLVM it compiles no expressions, and has a third of the size.
    unused = r"(^|/)(bitcode|llvmjit[^/]*|pgxs)(/|$)"
    layer = workshop.store.layer(
        {
            **users({"postgres": (70, 70, "/var/lib/postgresql")}),
            **folder(release, str(release), unused),
            **folder(
                Path("/usr/share/postgresql") / release.name,
                f"/usr/share/postgresql/{release.name}",
                r"^man/|^extension/(?!plpgsql)",
            ),
            **folder(Path("/usr/lib/locale/C.utf8"), "/usr/lib/locale/C.utf8"),
            "/usr/share/zoneinfo/UTC": File(Path("/usr/share/zoneinfo/UTC").resolve(), 0o644),
            **{f"/usr/local/bin/{name.name}": Link(str(name)) for name in sorted((release / "bin").iterdir())},
            **scripts("postgres"),
            "/docker-entrypoint-initdb.d": Folder(),
            "/var/lib/postgresql/data": Folder(0o777, (70, 70)),
            "/run/postgresql": Folder(0o3777, (70, 70)),
        }
    )
    config = Config(
        ("docker-entrypoint.sh",),
        ("postgres",),
        environment={"LANG": "C.UTF-8", "PGDATA": "/var/lib/postgresql/data"},
        ports=(5432,),
        volumes=("/var/lib/postgresql/data",),
        stop_signal="SIGINT",
    )
    return [workshop.busybox, workshop.bash, layer], config


@image("dojot/rabbitmq")
def rabbitmq(workshop: Workshop) -> Image:
    layer = workshop.store.layer(
        {
            **users({"rabbitmq": (100, 101, "/var/lib/rabbitmq")}),
            **folder(Path("/usr/lib/erlang"), "/usr/lib/erlang", r"(^|/)(doc|man|src|examples)(/|$)"),
            **folder(Path("/usr/lib/rabbitmq/lib"), "/usr/lib/rabbitmq/lib"),
            **folder(Path("/usr/lib/locale/C.utf8"), "/usr/lib/locale/C.utf8"),
            **{f"/usr/bin/{name}": Link(f"../lib/erlang/bin/{name}") for name in ("erl", "erlc", "escript", "epmd")},
            **scripts("rabbitmq"),
            "/var/lib/rabbitmq": Folder(0o777, (100, 101)),
            "/etc/rabbitmq": Folder(0o777, (100, 101)),
            "/var/log/rabbitmq": Folder(0o777, (100, 101)),
        }
    )
    config = Config(
        ("docker-entrypoint.sh",),
        ("rabbitmq-server",),
        environment={"HOME": "/var/lib/rabbitmq", "RABBITMQ_LOGS": "-", "LANG": "C.UTF-8"},
        ports=(4369, 5671, 5672, 25672),
        volumes=("/var/lib/rabbitmq",),
    )
    return [workshop.busybox, layer], config


@image("dojot/gui", "dojot/gui-v2")
def gui(workshop: Workshop) -> Image:
    layer = workshop.store.layer(
        {
            **users({"nginx": (101, 101, "/var/cache/nginx")}),
            **programs({"/usr/sbin/nginx": installed("nginx")}),
            **scripts("nginx"),
            "/etc/nginx/mime.types": text("types {\n  text/html html;\n}\n"),
            "/usr/share/nginx/html/index.html": text("<!doctype html><title>dojot</title>\n"),
            "/var/cache/nginx": Folder(),
            "/var/log/nginx/error.log": Link("/dev/stderr"),
            "/var/log/nginx/access.log": Link("/dev/stdout"),
            "/var/lib/nginx": Link("../cache/nginx"),
        }
    )
    return [workshop.busybox, layer], Config(command=("nginx", "-g", "daemon off;"), ports=(80,), stop_signal="SIGTERM")


@image("prom/prometheus")
def prometheus(workshop: Workshop) -> Image:
    layer = workshop.store.layer(
        {
            **users({"nobody": (65534, 65534, "/")}),
            **programs({"/usr/bin/prometheus": installed("prometheus"), "/usr/bin/promtool": installed("promtool")}),
            "/prometheus": Folder(owner=(65534, 65534)),
        }
    )
    command = ("--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus")
    config = Config(("/bin/prometheus",), command, "nobody", "/prometheus", ports=(9090,), volumes=("/prometheus",))
    return [workshop.busybox, layer], config


@image("prometheus/node-exporter")
def node_exporter(workshop: Workshop) -> Image:
    layer = workshop.store.layer(
        {
            **users({"nobody": (65534, 65534, "/")}),
            **programs({"/usr/bin/node_exporter": installed("prometheus-node-exporter")}),
        }
    )
    return [workshop.busybox, layer], Config(("/bin/node_exporter",), user="nobody", ports=(9100,))


@image("prometheuscommunity/postgres-exporter")
def postgres_exporter(workshop: Workshop) -> Image:
    layer = workshop.store.layer(
        {
            **users({"nobody": (65534, 65534, "/")}),
            **programs({"/usr/bin/postgres_exporter": installed("prometheus-postgres-exporter")}),
        }
    )
    return [workshop.busybox, layer], Config(("/bin/postgres_exporter",), user="nobody", ports=(9187,))


@image("kube-state-metrics/kube-state-metrics")
def kube_state_metrics(workshop: Workshop) -> Image:
    layer = workshop.store.layer(
        programs({"/kube-state-metrics": built("kube-state-metrics", "kube-state-metrics-2-19")})
    )
    config = Config(("/kube-state-metrics", "--port=8080", "--telemetry-port=8081"), user="nobody", ports=(8080, 8081))
    return [workshop.bare, workshop.store.layer(users({"nobody": (65534, 65534, "/")})), layer], config


def _confluent(workshop: Workshop, name: str, writes: Mapping[str, int]) -> Image:
    layer = workshop.store.layer(
        {
            **users({}),
            **scripts("confluent"),
            **scripts(name),
            # The images give their folders to group 0, which any user may run in.
            **{path: Folder(mode) for path, mode in writes.items()},
            # There is a netcat in the base image.
            "/usr/bin/nc": Link("busybox"),
        }
    )
    config = Config(command=("/etc/confluent/docker/run",), volumes=tuple(writes), environment={"COMPONENT": name})
    return [workshop.busybox, workshop.bash, workshop.kafka, layer], config


@image("confluentinc/cp-kafka")
def kafka(workshop: Workshop) -> Image:
    return _confluent(workshop, "kafka", {"/var/lib/kafka/data": 0o775, "/etc/kafka": 0o775, "/var/log/kafka": 0o775})


@image("confluentinc/cp-zookeeper")
def zookeeper(workshop: Workshop) -> Image:
    folders = {"/var/lib/zookeeper/data": 0o775, "/var/lib/zookeeper/log": 0o775, "/etc/kafka": 0o775}
    return _confluent(workshop, "zookeeper", folders)


@image("dojot/kafka-loopback")
def loopback(workshop: Workshop) -> Image:
    layer = workshop.store.layer(
        {
            **users({}),
            **programs(
                {
                    "/usr/bin/kafkacat": installed("kcat"),
                    "/usr/bin/curl": installed("curl"),
                    "/usr/bin/jq": installed("jq"),
                }
            ),
            **scripts("loopback"),
        }
    )
    config = Config(("./bin/entrypoint.sh",), folder="/opt/loopback")
    return [workshop.busybox, layer], config


@image("argoproj/argocd")
def argo_cd(workshop: Workshop) -> Image:
    program = built("argocd", "argo-cd-3-5")
    # One program under many names, and what it calls: git and GnuPG.
    names = (
        "application-controller",
        "applicationset-controller",
        "cmp-server",
        "commit-server",
        "dex",
        "git-ask-pass",
    )
    more = ("k8s-auth", "notifications", "repo-server", "server")
    called = ("git", "gpg", "gpg-agent", "gpgconf", "ssh")
    remote = Path("/usr/lib/git-core/git-remote-http")
    layer = workshop.store.layer(
        {
            **users({"argocd": (999, 999, "/home/argocd")}),
            **{f"/usr/local/bin/argocd-{name}": Link("argocd") for name in (*names, *more)},
            **programs(
                {"/usr/local/bin/argocd": program, str(remote): remote, "/usr/bin/tini": installed("tini-static")}
            ),
            **programs({f"/usr/bin/{name}": installed(name) for name in called}),
            **scripts("argocd"),
            "/usr/lib/git-core/git": Link("../../bin/git"),
            "/usr/lib/git-core/git-remote-https": Link("git-remote-http"),
            "/usr/local/bin/git-verify-wrapper.sh": File(program.with_name("git-verify-wrapper.sh"), 0o755),
            "/etc/ssl/certs/ca-certificates.crt": File(Path("/etc/ssl/certs/ca-certificates.crt"), 0o644),
            "/usr/share/git-core": Folder(),
            "/home/argocd": Folder(0o770, (999, 0)),
            **{f"/app/config/{name}": Folder(0o775, (999, 0)) for name in ("ssh", "tls", "gpg/source", "gpg/keys")},
        }
    )
    config = Config(
        ("/usr/bin/tini", "--"),
        user="999",
        folder="/home/argocd",
        environment={"USER": "argocd", "HOME": "/home/argocd"},
    )
    return [workshop.busybox, workshop.bash, layer], config


@image("dexidp/dex")
def dex(workshop: Workshop) -> Image:
    """Started by Argo CD's own program, which runs dex only where people log in by it: this cluster's do not."""
    layer = workshop.store.layer({**users({"dex": (1001, 1001, "/")}), **scripts("dex")})
    return [workshop.busybox, layer], Config(user="1001:1001")
