"""What an image needs and does by itself, as its source says it: one file of inventory/contracts for each image."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, GetJsonSchemaHandler, PrivateAttr, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from .entry import NOTHING, Entry, Map, Maybe, Wanted, absent
from .scalar import Scalar
from .shapes import PORT_NUMBER, Name, NotNegative, Path, Port, Positive, Switch, Text

_HOST = r"[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?"
_ADDRESS = rf"{_HOST}:{PORT_NUMBER}"
#: What the value of a variable may be: its name in a contract -> how people are asked for it, and the whole of it.
FORMS: Mapping[str, Scalar] = MappingProxyType(
    {
        "text": Scalar("a text that is not empty", empty=False, lines=True, kinds=(str,)),
        "number": Scalar("a number", pattern=r"-?[0-9]+(\.[0-9]+)?", kinds=(str,)),
        "switch": Scalar("true or false", pattern="(?i:true|false)", kinds=(str,)),
        "host": Scalar("a host name or an address, without a port", pattern=_HOST, kinds=(str,)),
        "port": Scalar("a port number", pattern=PORT_NUMBER, kinds=(str,)),
        "address": Scalar("an address such as kafka-server:9092", pattern=_ADDRESS, kinds=(str,)),
        "addresses": Scalar(
            "addresses such as kafka-server:9092, with commas between them",
            pattern=rf"{_ADDRESS}(,{_ADDRESS})*",
            kinds=(str,),
        ),
        "url": Scalar("a URL such as http://auth:5000", pattern=r"[a-z][a-z0-9+.:-]*://\S+", kinds=(str,)),
        "path": Scalar("an absolute path", pattern=r"/\S*", kinds=(str,)),
        "cron": Scalar("a schedule of five fields such as 0 */2 * * *", pattern=r"\S+( \S+){4}", kinds=(str,)),
        "duration": Scalar("a duration such as 30s or 7d", pattern=r"([0-9]+(ns|us|ms|[smhdw]))+|0", kinds=(str,)),
    }
)
File = Annotated[str, Scalar("a file of the source", empty=False)]
Account = Annotated[str, Scalar("a user and a group by their numbers, in quotes: '1000:1000'", pattern="[0-9]+:[0-9]+")]
Place = Annotated[str, Scalar("an absolute path, or one that begins with ~", pattern=r"(~|/)\S*")]
Pattern = Annotated[str, Scalar("a name of letters, digits, '_', '.' and *", pattern=r"[A-Za-z0-9_.*]+")]


class ImageUser(Entry):
    """As whom the image's program runs."""

    wanted: ClassVar = "the user of the image, such as {own: '0:0', others: any, file: Dockerfile}"

    own: Account
    """user and group of the image itself"""
    others: Annotated[
        Literal["any"] | tuple[Account, ...],
        Wanted("any, or a list of users and groups that can run it as well, such as ['1000:0']"),
    ]
    """who else can run it: any, or a list"""
    file: File
    """where its source says so"""


class Growth(Entry):
    """How fast something grows that nothing ever shortens."""

    bytes: Positive
    """bytes"""
    per: Text
    """for each of these"""


class Write(Entry):
    """A place that the image's program writes to."""

    wanted: ClassVar = "a place that is written to, such as {path: /var/lib/data, when: start}"

    path: Place
    """a folder or a file; ~ is the home directory of its user"""
    when: Annotated[Literal["start", "later"], Scalar("start or later")] = "start"
    """start (without it, it does not run) or later"""
    owner: Account = "0:0"
    """who may write there: this user, and this group where it is not 0's"""
    group_writes: Switch = False
    """whether the group may, too"""
    anyone: Switch = False
    """whether everybody may"""
    moved_by: Maybe[Text] = None
    """the variable that names another place"""
    grows: Switch = False
    """whether nothing ever shortens what is written"""
    growth: Maybe[Growth] = None
    """how fast, where its source says it"""
    kept_small: tuple[Text, ...] = ()
    """parts of a start command of which each ends the growing"""
    file: File
    """where its source says so"""


class Opening(Entry):
    """A port that it listens on, for others than itself."""

    wanted: ClassVar = "a port that it listens on, such as {port: 5000, file: app.py}"

    port: Maybe[Port] = None
    """its number; without it, the port is open only where one of the following says so"""
    protocol: Annotated[Literal["TCP", "UDP"], Scalar("TCP or UDP")] = "TCP"
    """TCP or UDP"""
    variable: Maybe[Text] = None
    """the variable that names another"""
    argument: Maybe[Text] = None
    """the argument that does"""
    setting: Maybe[Pattern] = None
    """the settings of a custom resource that do"""
    file: File
    """where its source says so"""


class VariableEntry(Entry):
    """A variable that it reads."""

    form: Annotated[Literal[tuple(FORMS)], Scalar(f"one of: {', '.join(FORMS)}")] = "text"  # type: ignore[valid-type]
    """what it may be"""
    values: Maybe[tuple[Annotated[str, Scalar("a text")], ...]] = None
    """all that it may be, in place of a form"""
    required: Switch = False
    """whether it does not start without it"""

    def judge(self, value: str) -> str | None:
        """What to write in place of `value`; None if it fits."""
        if self.values is not None:
            return None if value in self.values else f"one of: {', '.join(self.values)}"
        scalar = FORMS[self.form]
        return None if scalar.fits(value) else scalar.wanted


class _Short:
    """A form alone stands for a variable of that form."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"enum": list(FORMS)}, handler(schema)]}


def _long(value: Any) -> Any:
    return {"form": value} if isinstance(value, str) else value


Variable = Annotated[VariableEntry, BeforeValidator(_long), _Short(), Wanted(f"one of: {', '.join(FORMS)}")]


class Call(Entry):
    """A service that it calls."""

    wanted: ClassVar = "a service that it calls, such as {service: kong, port: 8001, when: later, file: app.py}"

    service: Name
    """its DNS name, where no variable names another"""
    port: Port
    """its port, likewise"""
    variable: Maybe[Text] = None
    """the variable that names host, host:port or URL; where it is asked once, there has to be one"""
    port_variable: Maybe[Text] = None
    """the variable that names the port alone"""
    when: Annotated[Literal["start", "later", "once"], Scalar("start, later or once")]
    """start (and as long as it runs), later (when somebody asks for it) or once (while it starts, and never again)"""
    without: Maybe[Annotated[Literal["dies", "waits", "goes on"], Scalar("dies, waits or goes on")]] = None
    """what it does while nobody answers"""
    file: File
    """where its source says so"""

    @model_validator(mode="after")
    def _once_at_an_address_that_can_be_another(self) -> Call:
        if self.when == "once" and self.variable is None:
            raise absent("variable")
        return self


class Sessions(Entry):
    """What the sessions of devices need."""

    files: Positive
    """open files of one"""
    file: File
    """where its source says so"""


class Memory(Entry):
    """Memory that it takes without asking for its limit."""

    variable: Maybe[Text] = None
    """the variable that bounds it"""
    share: Maybe[Annotated[int, Scalar("a percentage from 1 to 100", minimum=1, maximum=100)]] = None
    """the largest bound that its limit bears, in per cent of that"""
    node_share: Maybe[Annotated[int, Scalar("a percentage from 1 to 100", minimum=1, maximum=100)]] = None
    """what it takes of its node's memory at most, in per cent"""
    file: File
    """where its source says so"""

    @model_validator(mode="after")
    def _a_share_of_something(self) -> Memory:
        if self.variable is not None and self.share is None:
            raise absent("share")
        if self.variable is None and self.node_share is None:
            raise absent("node_share")
        return self


class Signals(Entry):
    """What it does when it is told to end."""

    TERM: Annotated[Literal["ends", "ignores"], Scalar("ends or ignores")]
    """ends (in order), or ignores: it is killed after its grace period"""
    file: File
    """where its source says so"""


class Lifetime(Entry):
    """How long it works after a start."""

    days: Positive
    """so many days, then it has to be started again"""
    of: Text
    """what comes to its end"""
    file: File
    """where its source says so"""


class Contract(Entry):
    """What the source of an image says about it. What it does not say is left out."""

    tags: tuple[Text, ...] = ()
    """tags (or digests) of the image that this is about"""
    like: Maybe[Text] = None
    """a file of this folder whose facts are this image's as well"""
    source: Maybe[Text] = None
    """repository@tag (or commit) that was read; each `file` is one of it"""
    unread: Maybe[Text] = None
    """why no source was read: nothing is known of the image"""
    user: Maybe[ImageUser] = None
    """as whom it runs"""
    folder: Maybe[Path] = None
    """its working folder"""
    homes: Map[NotNegative, Path] = NOTHING
    """home directories that it knows, by user; every other user has /"""
    writes: tuple[Write, ...] = ()
    """where it writes"""
    opens: Maybe[tuple[Opening, ...]] = None
    """ports that it listens on; an empty list: none"""
    variables: Maybe[Map[File, Map[Pattern, Variable]]] = None
    """variables that it reads, by the file that does; * stands for any part of a name"""
    calls: tuple[Call, ...] = ()
    """whom it calls by itself"""
    passive: Switch = False
    """whether it does nothing but answer"""
    sessions: Maybe[Sessions] = None
    """what sessions of devices need"""
    memory: Maybe[Memory] = None
    """what bounds its memory"""
    without_effect: Map[Pattern, Text] = NOTHING
    """settings of a custom resource that do nothing, each with the reason"""
    signals: Maybe[Signals] = None
    """how it ends"""
    starts_within: Maybe[Positive] = None
    """seconds that it may take before it answers"""
    works_for: Maybe[Lifetime] = None
    """how long it works after a start, if that has an end"""

    #: Its file, as messages name it.
    _file: str = PrivateAttr("")

    @property
    def file(self) -> str:
        return self._file

    def from_file(self, file: str) -> Contract:
        """Itself, once it knows where it stands."""
        self._file = file
        return self

    def variable(self, name: str) -> VariableEntry | None:
        """The variable that it reads under this name; a name without * comes before one with."""
        if found := self._variables.get(name):
            return found
        return next((entry for pattern, entry in self._patterns.items() if fnmatchcase(name, pattern)), None)

    @property
    def names(self) -> Collection[str]:
        """Names of the variables that it reads; patterns are none."""
        return self._variables.keys()

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Names of those without which it does not start."""
        return tuple(name for name, entry in self._variables.items() if entry.required)

    @cached_property
    def _variables(self) -> Mapping[str, VariableEntry]:
        return {name: entry for name, entry in self._read if "*" not in name}

    @cached_property
    def _patterns(self) -> Mapping[str, VariableEntry]:
        return {name: entry for name, entry in self._read if "*" in name}

    @property
    def _read(self) -> Iterator[tuple[str, VariableEntry]]:
        for names in (self.variables or NOTHING).values():
            yield from names.items()
