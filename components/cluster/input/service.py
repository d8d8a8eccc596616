"""All about one service, beside what its container is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Discriminator, Tag, model_validator

from ..frozen import Frozen, freeze
from .container import (
    Answers,
    Env,
    FileMount,
    FileName,
    JobEntry,
    Resources,
    Runs,
    Security,
    ServiceAddress,
    Sidecar,
    UseEntry,
)
from .entry import NOTHING, AtLeastOne, Entry, Map, Maybe, Wanted, one_of, refuse
from .scalar import Scalar
from .shapes import (
    INSTANCES,
    TEXT,
    Bytes,
    Directory,
    Domain,
    GroupName,
    Image,
    LabelKey,
    LabelValue,
    Name,
    NotNegative,
    Path,
    Port,
    PortName,
    Positive,
    Switch,
    Text,
    VolumeSize,
)
from .switched import Switched

Replicas = Annotated[
    int | Literal["brokers", "bridges", "nodes"],
    INSTANCES("a whole number from 1 to 5000, or the rule that gives it: brokers or bridges"),
]
#: As Kong has them; they are part of the addresses of its admin API.
RouteName = Annotated[
    str,
    Scalar("a name of letters, digits, '-', '_' and '.'", pattern=r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"),
]


def _setting(value: Any) -> str:
    return (
        "<address>"
        if isinstance(value, ServiceAddress) or (isinstance(value, dict) and "service" in value)
        else "<any>"
    )


#: Settings of a plugin of the gateway, as the plugin has them; an address of a service is filled in.
Setting = Annotated[
    Annotated[Annotated[Any, AfterValidator(freeze)], Tag("<any>")] | Annotated[ServiceAddress, Tag("<address>")],
    Discriminator(_setting),
    Wanted("what the plugin takes, or {service: NAME, port: PORT NAME}"),
]
Plugins = Map[str, Map[str, Setting]]


class KubernetesServiceEntry(Entry):
    """A Service object inside the cluster."""

    headless: Switch = False
    """whether it leads to each pod by name, with the pod's own ports"""
    same_node: Switch = False
    """whether it keeps to the pods of the caller's node"""
    ports: Maybe[Map[PortName, Port]] = None
    """port name -> number; the names are those of the container's ports, which are the targets"""


class VolumeEntry(Entry):
    """A volume of each pod."""

    mount: Path
    """where the container has it"""
    size: VolumeSize
    """its size, or a rule: kafka_log, stored_messages (what services keep of devices' messages), stored_metrics"""
    host_path: Directory
    """its directory on the node"""
    owner: NotNegative
    """user id that the directory belongs to"""
    persistent: Maybe[Switch] = None
    """whether it outlives its pod, where it is not as volumes.persistent says"""


_SecretValue = Annotated[
    str,
    Scalar(
        "a public value such as a user name, or the word random (random 16: with that length, from 16 to 99) or "
        "provided",
        pattern=r"(?!random|provided).+|random( (1[6-9]|[2-9][0-9]))?|provided",
    ),
]
_SecretKey = Scalar("a key of letters, digits, '-', '_' and '.'", pattern="[-._a-zA-Z0-9]+")


class Rotation(Entry):
    """How a random value that programs do not simply take as they start becomes another one."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["account_of"]}, {"required": ["never"]}]})
    wanted: ClassVar = (
        "account_of: auth where it is the password of a user of dojot, or never: why the bootstrap makes no new one, "
        "and what to do instead"
    )

    account_of: Maybe[Annotated[Literal["auth"], Scalar("auth, the service that keeps it")]] = None
    """it is the password of a user of dojot, whose name is the Secret's key user"""
    never: Maybe[Text] = None
    """why the bootstrap makes no new one, and what to do instead"""

    _either = model_validator(mode="after")(one_of(("account_of",), ("never",)))


class SecretEntry(Entry):
    """A Secret that this service declares: its keys, each with its value."""

    model_config = ConfigDict(extra="allow")
    wanted: ClassVar = "keys of the Secret, each with its value"

    __pydantic_extra__: dict[Annotated[str, _SecretKey], _SecretValue]
    enabled: Switch = True
    """whether it is there"""
    rotation: Map[Annotated[str, _SecretKey], Rotation] = NOTHING
    """random keys with more to a new value than that pods start with it; those of a `database` are known without"""

    @model_validator(mode="after")
    def _not_empty(self) -> SecretEntry:
        if not self.model_fields_set:
            raise refuse()
        return self

    @property
    def values(self) -> Mapping[str, str]:
        return Frozen(self.__pydantic_extra__)


class Database(Entry):
    """A database that the service is given."""

    server: Name
    """the service that keeps it"""
    secret: Name
    """the Secret of this service with its user and password"""
    name: Annotated[str, Scalar("a database name in lower-case letters", pattern="[a-z_][a-z0-9_]*")]
    """its name"""
    create_databases: Switch = False
    """whether its user may make further ones"""


class Stores(Entry):
    """What a service keeps of each message of a device in another one's volume."""

    wanted: ClassVar = (
        "what it keeps of each message: service, hours, attribute_bytes and device_bytes, such as "
        "{service: mongodb, hours: 168, attribute_bytes: 256, device_bytes: 180Ki}"
    )

    service: Name
    """the service whose volume it is"""
    hours: Positive
    """how long it keeps it"""
    deleted_hours: NotNegative = 0
    """hours' worth that are deleted at once, and so stay for as much longer"""
    attribute_bytes: Positive
    """bytes on the disk of an attribute of a message"""
    device_bytes: Bytes
    """bytes on the disk of each device, however few its messages"""
    device_files: NotNegative = 0
    """files that the other service keeps open for each device"""
    device_memory: Maybe[Bytes] = None
    """memory that it needs for these"""


class RouteEntry(Entry):
    """A route of the API gateway."""

    port: Text
    """the port that it leads to"""
    path: Maybe[Path] = None
    """the path on that port that it leads to"""
    paths: Annotated[tuple[Annotated[str, Scalar("a path that begins with /", pattern="/.*")], ...], AtLeastOne()]
    """paths of the gateway"""
    strip_path: Switch
    """whether the path is taken off before the call"""
    authenticated: Switch = False
    """whether the plugins of gateway.authentication are added"""
    timeout: Maybe[Positive] = None
    """milliseconds"""
    plugins: Plugins = NOTHING
    """further plugins, each with its settings"""


class RbacRule(Entry):
    """A rule of a Role."""

    wanted: ClassVar = "a rule of a Role: apiGroups and resources, or nonResourceURLs, and verbs"

    apiGroups: Maybe[tuple[Annotated[str, Scalar("a text")], ...]] = None
    """API groups"""
    resources: Maybe[tuple[Text, ...]] = None
    """resources of those"""
    nonResourceURLs: Maybe[tuple[Path, ...]] = None
    """paths of the API server that are no resources"""
    verbs: tuple[
        Annotated[
            Literal["get", "list", "watch", "create", "update", "patch", "delete"],
            Scalar("get, list, watch, create, update, patch or delete; a wildcard is not allowed"),
        ],
        ...,
    ]
    """what may be done"""


class MetricsEntry(Entry):
    """Where Prometheus finds the metrics of each pod."""

    wanted: ClassVar = "where Prometheus finds the metrics of each pod, such as {port: http, path: /metrics}"

    port: PortName
    """the port's name"""
    path: Path = "/metrics"
    """the path"""


class HostPathEntry(Entry):
    """A directory of the node, for reading."""

    wanted: ClassVar = "a directory of the node, for reading: its path and where the container has it (mount)"

    path: Path
    """on the node"""
    mount: Path
    """in the container"""


class MadePodsEntry(Entry):
    """Pods that the service makes itself."""

    wanted: ClassVar = (
        "pods that the service makes itself: their labels, the port they answer on, and the services that call it "
        "(callers)"
    )

    labels: Annotated[Map[LabelKey, LabelValue], AtLeastOne()]
    """their labels"""
    port: Port
    """the port that they answer on"""
    callers: Annotated[tuple[Name, ...], AtLeastOne(), Wanted("a list of services")]
    """the services that call it"""


_Setting = Annotated[str, Scalar("a setting's name", pattern=r"[^\s=]+")]


#: The most that erl's +P and ERL_MAX_PORTS may be.
ERLANG_MOST = 2**27 - 1
_Erlang = Annotated[int, Scalar(f"a whole number from 1024 to {ERLANG_MOST}", minimum=1024, maximum=ERLANG_MOST)]


class Erlang(Entry):
    """Bounds of the brokers' virtual machine."""

    wanted: ClassVar = "bounds of the brokers' virtual machine, such as {processes: 256000, ports: 262144}"

    processes: _Erlang
    """how many processes it may have"""
    ports: _Erlang
    """how many ports, such as connections"""


class CustomResource(Entry):
    """The VerneMQ object that the operator acts on."""

    name: Name
    """its name"""
    version: Text
    """version of the operator's format"""
    bundler_image: Image
    """image that serves the plugins' bundle"""
    erlang: Erlang
    """bounds of the brokers' virtual machine"""
    configs: Map[_Setting, Annotated[str, Scalar("a text")]]
    """settings that the operator takes"""
    conf: Map[_Setting, Annotated[str | int | bool, Scalar("a text, a whole number, true or false")]]
    """lines of vernemq.conf"""


class ServiceEntry(Runs, Answers):
    """One service of dojot, or of what watches it."""

    title: Text
    """its name for people"""
    kind: Annotated[
        Literal["Deployment", "StatefulSet", "DaemonSet", "VerneMQ"],
        Scalar("Deployment, StatefulSet, DaemonSet or VerneMQ"),
    ]
    """the workload that runs it"""
    namespace: Maybe[Name] = None
    """its namespace, where it is not the cluster's"""
    group: GroupName
    """node group: affinity, its volumes' nodes, HAProxy's servers"""
    external: Maybe[Domain] = None
    """host name or address of where others run it: `ports` are its numbers there, and here is nothing of it"""
    replicas: Replicas
    """number of pods, or the rule that gives it"""
    single: Maybe[
        Annotated[
            str, TEXT('the reason why there can be one pod only, such as "a second one would be another database"')
        ]
    ] = None
    """the reason why there can be one pod only"""
    quorum: Switch = False
    """whether its pods decide by majority, so that they are an odd number"""
    priority: Maybe[Name] = None
    """its pods' PriorityClass, one of priority_classes; without it they have Kubernetes' 0"""
    one_per_node: Switch = False
    """whether no two pods may stand on one node"""
    spread_evenly: Switch = False
    """whether every broker has the same number of its pods beside it"""
    image: Image
    """its image"""
    env: Env = NOTHING
    """environment"""
    resources: Resources
    """requests and limits"""
    security: Security
    """user, group and rights"""
    files: Map[FileName, FileMount] = NOTHING
    """text files mounted into the container"""
    uses: Map[Name, UseEntry] = NOTHING
    """services that it calls, besides the addresses in its environment"""
    external_service: Maybe[Name] = None
    """name of the NodePort Service"""
    kubernetes_services: Map[Name, KubernetesServiceEntry] = NOTHING
    """Services, by DNS name"""
    volumes: Map[Name, VolumeEntry] = NOTHING
    """volumes of each pod"""
    secrets: Switched[Name, SecretEntry] = NOTHING
    """Secrets that it declares"""
    excludes: Annotated[
        Map[Name, Text], Wanted("services that cannot be in the same cluster, each with the reason")
    ] = NOTHING
    """services that cannot be in the same cluster, each with the reason"""
    database: Maybe[Database] = None
    """a database that it is given"""
    stores: Maybe[Stores] = None
    """what it keeps of each message of a device in another one's volume"""
    database_server: Switch = False
    """whether it keeps the databases of others"""
    routes: Map[RouteName, RouteEntry] = NOTHING
    """routes of the API gateway"""
    jobs: Map[Name, JobEntry] = NOTHING
    """pods that run before or after it"""
    sidecars: Map[Name, Sidecar] = NOTHING
    """further containers of its pods"""
    rbac: tuple[RbacRule, ...] = ()
    """rules of its Role"""
    cluster_rbac: tuple[RbacRule, ...] = ()
    """rules of its ClusterRole"""
    metrics: Maybe[MetricsEntry] = None
    """where Prometheus finds the metrics of each pod"""
    host_network: Switch = False
    """whether its pods have the node's network"""
    host_pid: Switch = False
    """whether its pods see the node's processes"""
    host_paths: Map[Name, HostPathEntry] = NOTHING
    """directories of the node, for reading"""
    service_account: Maybe[Name] = None
    """name of its ServiceAccount"""
    makes: Map[Name, MadePodsEntry] = NOTHING
    """pods that it makes itself"""
    peers: Switch = False
    """whether its pods call each other"""
    max_unavailable: Maybe[Positive] = None
    """how many pods a drain may take at once, where it is not all that stand on one node"""
    grace_period: Maybe[Positive] = None
    """seconds that a pod has to end"""
    progress_deadline: Maybe[Positive] = None
    """seconds after which a rollout that does not advance has failed"""
    update_strategy: Maybe[
        Annotated[Literal["Recreate", "RollingUpdate", "OnDelete"], Scalar("Recreate, RollingUpdate or OnDelete")]
    ] = None
    """how pods are replaced"""
    pod_management: Maybe[Annotated[Literal["Parallel", "OrderedReady"], Scalar("Parallel or OrderedReady")]] = None
    """whether pods of a StatefulSet start one after the other"""
    hostname: Maybe[Name] = None
    """host name of its pods"""
    custom_resource: Maybe[CustomResource] = None
    """the object that an operator makes the pods of"""
