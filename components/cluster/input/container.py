"""What one container is made of: a service, a sidecar and a job each have these."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Discriminator, Tag, model_validator

from ..quantity import millicores, size
from .entry import NOTHING, Entry, Map, Maybe, Wanted, one_of
from .scalar import Scalar
from .shapes import Cpu, Image, Name, NodePort, NotNegative, Path, Port, PortName, Positive, Size, Switch, Text
from .switched import Switched, SwitchedValue, only_on

Argument = Annotated[str, Scalar("a text", lines=True)]
Arguments = Annotated[tuple[Argument, ...], Wanted("a list of texts")]
_VALUE = (
    "a value, {secret: NAME, key: KEY}, {service: NAME, port: PORT NAME}, {field: metadata.name}, "
    "{derived: kafka_partitions}, {value: VALUE, enabled: false} or a list of values"
)
_Plain = Annotated[str | int | bool, Scalar(_VALUE, lines=True)]


class FromSecret(Entry):
    """A key of a Secret."""

    secret: Name
    """the Secret"""
    key: Text
    """its key"""
    enabled: Switch = True
    """whether the variable is there"""


class FromField(Entry):
    """A field of the pod."""

    field: Annotated[
        Literal["metadata.name", "metadata.namespace", "status.podIP", "spec.nodeName"],
        Scalar("one of: metadata.name, metadata.namespace, status.podIP, spec.nodeName"),
    ]
    """the field"""
    enabled: Switch = True
    """whether the variable is there"""


class FromCluster(Entry):
    """A value that follows from the cluster."""

    derived: Annotated[
        Literal[
            "gateway_listen",
            "kafka_min_insync_replicas",
            "kafka_partitions",
            "kafka_replication",
            "kafka_retention_bytes",
            "load_balancer_address",
            "load_balancer_source",
            "node_address",
            "storage_share",
            "zookeeper_servers",
        ],
        Scalar(
            "one of: gateway_listen, kafka_min_insync_replicas, kafka_partitions, kafka_replication, "
            "kafka_retention_bytes, load_balancer_address, load_balancer_source, node_address, storage_share, "
            "zookeeper_servers"
        ),
    ]
    """what it is"""
    enabled: Switch = True
    """whether the variable is there"""


class ServiceAddress(Entry):
    """Host and number of a service's port, filled into a text."""

    service: Name
    """the service"""
    port: PortName
    """its port"""
    text: Text = "{host}:{port}"
    """the text that {host} and {port} are filled into"""
    enabled: Switch = True
    """whether the variable is there"""


_KINDS: dict[str, type[Entry]] = {
    "<switched>": SwitchedValue,
    "<secret>": FromSecret,
    "<field>": FromField,
    "<derived>": FromCluster,
    "<address>": ServiceAddress,
}


def _kind(value: Any) -> str | None:
    """Which kind of value a map was probably written for: the one that shares most keys with it."""
    if isinstance(value, (list, tuple)):
        return "<list>"
    if not isinstance(value, dict):
        return next((tag for tag, kind in _KINDS.items() if isinstance(value, kind)), "<plain>")
    shared = {tag: len(value.keys() & kind.model_fields.keys()) for tag, kind in _KINDS.items()}
    best = max(shared, key=lambda tag: shared[tag])
    return best if shared[best] else None


def _item(value: Any) -> str:
    return "<switched>" if isinstance(value, (dict, SwitchedValue)) else "<plain>"


Item = Annotated[
    Annotated[_Plain, Tag("<plain>")] | Annotated[SwitchedValue, Tag("<switched>")],
    Discriminator(_item),
]
EnvValue = Annotated[
    Annotated[_Plain, Tag("<plain>")]
    | Annotated[SwitchedValue, Tag("<switched>")]
    | Annotated[FromSecret, Tag("<secret>")]
    | Annotated[FromField, Tag("<field>")]
    | Annotated[FromCluster, Tag("<derived>")]
    | Annotated[ServiceAddress, Tag("<address>")]
    | Annotated[Annotated[tuple[Item, ...], AfterValidator(only_on)], Tag("<list>")],
    Discriminator(_kind),
    Wanted(_VALUE),
]


class ProxyProtocol(Entry):
    """A second port of the container for the load balancer, which tells there whom it speaks for (PROXY protocol)."""

    wanted: ClassVar = "the container's port that expects the PROXY protocol, such as {number: 8010}"

    number: Port
    """its number"""
    enabled: Switch = True
    """whether it is there; without it, the load balancer calls the port itself"""


class Expose(Entry):
    """How a port is reached from outside."""

    node_port: NodePort
    """the NodePort on the group's nodes"""
    listen: Maybe[Port] = None
    """HAProxy's port for it; without it, clients call the nodes themselves"""
    devices: Switch = False
    """whether devices hold their sessions open on it"""
    tls: Switch = False
    """whether HAProxy speaks TLS with clients, with its own certificate, and plainly with the pods"""
    proxy_protocol: Maybe[ProxyProtocol] = None
    """where the load balancer tells whose connection it is"""


class ContainerPort(Entry):
    """A port that a container listens on."""

    number: Port
    """its number"""
    protocol: Annotated[Literal["TCP", "UDP"], Scalar("TCP or UDP")] = "TCP"
    """TCP or UDP"""
    enabled: Switch = True
    """whether it is there"""
    tls: Switch = False
    """whether clients speak TLS with the container itself; routes and probes do, too"""
    listener: Maybe[Annotated[Literal["tcp", "websocket"], Scalar("tcp or websocket")]] = None
    """set where the port speaks MQTT without TLS; a custom resource opens it"""
    expose: Maybe[Expose] = None
    """how it is reached from outside"""


class HttpGet(Entry):
    """Asks a path of a port."""

    path: Path
    """the path"""
    port: PortName
    """the port's name"""


class TcpSocket(Entry):
    """Opens a connection to a port."""

    port: PortName
    """the port's name"""


class Exec(Entry):
    """Runs a command in the container."""

    command: Arguments
    """the command"""


#: How a probe can ask.
HANDLERS = ("httpGet", "tcpSocket", "exec")


class Probe(Entry):
    """How Kubernetes asks whether a container is well."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [name]} for name in HANDLERS]})
    wanted: ClassVar = "a probe with exactly one of httpGet, tcpSocket and exec"

    httpGet: Maybe[HttpGet] = None
    """asks a path of a port"""
    tcpSocket: Maybe[TcpSocket] = None
    """opens a connection to a port"""
    exec: Maybe[Exec] = None
    """runs a command"""
    initialDelaySeconds: Maybe[NotNegative] = None
    """seconds before it is asked first"""
    periodSeconds: Maybe[Positive] = None
    """seconds between two times"""
    timeoutSeconds: Maybe[Positive] = None
    """seconds until no answer is one"""
    failureThreshold: Maybe[Positive] = None
    """failures in a row that count"""
    successThreshold: Maybe[Positive] = None
    """successes in a row that count"""

    _one_handler = model_validator(mode="after")(one_of(*((name,) for name in HANDLERS)))

    @property
    def port(self) -> str | None:
        """The name of the port that is asked."""
        asked = self.httpGet or self.tcpSocket
        return asked.port if asked else None

    @property
    def handler(self) -> str:
        """The key that says how the container is asked."""
        return next(name for name in HANDLERS if getattr(self, name))


class Requests(Entry):
    """What a container is sure to have."""

    cpu: Cpu
    """cores"""
    memory: Size
    """memory"""


class Limits(Entry):
    """What a container can have at most."""

    cpu: Maybe[Cpu] = None
    """cores"""
    memory: Size
    """memory, at which it is ended"""


class Resources(Entry):
    """Requests and limits, as Kubernetes quantities."""

    requests: Requests
    """what it is sure to have"""
    limits: Limits
    """what it can have at most"""

    @property
    def cpu(self) -> int:
        """Millicores requested."""
        return millicores(self.requests.cpu)

    @property
    def memory(self) -> int:
        """Bytes requested."""
        return size(self.requests.memory)

    def written(self) -> dict[str, dict[str, str]]:
        """As Kubernetes takes it: quantities are texts."""
        return {
            "requests": {key: str(value) for key, value in self.requests},
            "limits": {key: str(value) for key, value in self.limits if value is not None},
        }


class Security(Entry):
    """What a container may do; `writable` paths become emptyDirs under a read-only root."""

    user: NotNegative
    """user id of its processes"""
    group: NotNegative
    """group id of its processes"""
    fs_group: Maybe[NotNegative] = None
    """group of the pod's volumes and Secret files"""
    read_only_root: Switch = False
    """whether its own file system is read-only"""
    writable: tuple[Path, ...] = ()
    """directories that are writable all the same"""
    capabilities: tuple[
        Annotated[str, Scalar("a Linux capability such as NET_BIND_SERVICE", pattern="[A-Z_]+")], ...
    ] = ()
    """Linux capabilities that it keeps"""


class FileMount(Entry):
    """A text file mounted into the container."""

    wanted: ClassVar = (
        "source (a file of inventory/files, or the name of a generated one) and mount (the directory it appears in)"
    )

    source: Text
    """a file of inventory/files, or the name of a generated one"""
    mount: Path
    """the directory that it appears in"""


class SecretMount(Entry):
    """A Secret of which every key appears as a file."""

    wanted: ClassVar = "mount: the directory in which each key of the Secret appears as a file"

    mount: Path
    """the directory"""
    enabled: Switch = True
    """whether it is there"""


class UseEntry(Entry):
    """Ports of another service that this one calls."""

    wanted: ClassVar = "the port names of the service that is used, such as {ports: [postgres]}"

    ports: tuple[Text, ...]
    """names of the ports"""
    at_start: Switch = True
    """whether it cannot start without it"""


EnvName = Annotated[str, Scalar("an environment variable's name", pattern="[A-Za-z_][A-Za-z0-9_]*")]
FileName = Annotated[str, Scalar("a file name", pattern="[-._a-zA-Z0-9]+")]
Env = Switched[EnvName, EnvValue]


class Runs(Entry):
    """What every container may say of itself."""

    command: Arguments = ()
    """its command, in place of the image's"""
    args: Arguments = ()
    """arguments of the command"""
    secret_files: Switched[Name, SecretMount] = NOTHING
    """Secrets whose keys appear as files"""


class Answers(Entry):
    """What a container that goes on running has beside that."""

    ports: Switched[PortName, ContainerPort] = NOTHING
    """ports that it listens on"""
    readiness: Maybe[Probe] = None
    """asked before it is called"""
    liveness: Maybe[Probe] = None
    """asked whether it has to be started anew"""
    startup: Maybe[Probe] = None
    """asked before liveness is, where the platform has startup probes"""


class Sidecar(Runs, Answers):
    """A second container in the pods of a service."""

    image: Image
    """its image"""
    env: Env = NOTHING
    """environment"""
    resources: Resources
    """requests and limits"""
    security: Security
    """user, group and rights"""


class JobEntry(Runs):
    """A run-to-completion pod of a service; without an image or environment, a run of the service's container."""

    when: Annotated[Literal["before", "after"], Scalar("before or after")]
    """before or after the service"""
    command: Arguments
    """what it runs"""
    image: Maybe[Image] = None
    """its image, where it is not the service's"""
    env: Maybe[Env] = None
    """environment, where it is not the service's"""
    resources: Maybe[Resources] = None
    """requests and limits, where they are not the service's"""
    security: Maybe[Security] = None
    """user, group and rights, where they are not the service's"""
    files: Map[FileName, FileMount] = NOTHING
    """text files mounted into it"""
    uses: Map[Name, UseEntry] = NOTHING
    """services that it calls, besides the addresses in its environment"""
