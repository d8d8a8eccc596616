"""What the models of an inventory are made of: entries with known keys, maps by name, lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, TypeVar, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from components.inventory.finding import listed

from ..frozen import Frozen

#: The type of an error about a whole entry, list or map; its context holds `rule`, `way_out` and `shown`.
WHOLE = "whole"

#: The type of an error about a key that another one asks for; its context holds the `key`.
ABSENT = "absent"

Model = TypeVar("Model")
Key = TypeVar("Key")
Value = TypeVar("Value")


class Entry(BaseModel):
    """A map of the inventory whose keys are known. `wanted` is how a refusal asks for it.

    `moved` has keys of former releases: what to write in place of each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, use_attribute_docstrings=False)

    wanted: ClassVar[str | None] = None
    moved: ClassVar[Mapping[str, str]] = {}


@dataclass(frozen=True)
class Wanted:
    """How a refusal asks for a map or a list."""

    words: str


@dataclass(frozen=True)
class _NotNull:
    """A key that may be missing, and has a value where it stands."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        kinds = tuple(kind for kind in get_args(source) if kind is not type(None))
        if get_origin(source) is Annotated:
            raise TypeError(f"Maybe[...] goes around {source}")
        return handler.generate_schema(Union[kinds])  # noqa: UP007

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(schema)


Maybe = Annotated[Value | None, _NotNull()]


def _frozen(value: dict[Any, Any]) -> Any:
    return Frozen(value)


Map = Annotated[Mapping[Key, Value], AfterValidator(_frozen)]
#: The default of a map that may be missing.
NOTHING: Mapping[Any, Any] = Frozen()


def refuse(rule: str = "this value does not fit", way_out: str = "", *, shown: bool = True) -> PydanticCustomError:
    """Of a whole entry, list or map; without a way out, people are told what belongs there."""
    return PydanticCustomError(WHOLE, "{rule}", {"rule": rule, "way_out": way_out, "shown": shown})


@dataclass(frozen=True)
class AtLeastOne:
    """A map or a list that may not be empty."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def check(value: Any) -> Any:
            if not value:
                raise refuse()
            return value

        return core_schema.no_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        found = handler(schema)
        return {**found, "minItems" if found.get("type") == "array" else "minProperties": 1}


@dataclass(frozen=True)
class NoneTwice:
    """A list in which nothing stands twice. Lists of all classes and of the target are one."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def check(items: tuple[Any, ...]) -> tuple[Any, ...]:
            if twice := sorted({str(item) for item in items if items.count(item) > 1}):
                raise refuse(
                    f"{listed(twice)} {'stands' if len(twice) == 1 else 'stand'} in this list twice: "
                    "lists of all classes and of the target are one",
                    "Keep one of the lines",
                    shown=False,
                )
            return items

        return core_schema.no_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "uniqueItems": True}


def one_of(*alternatives: tuple[str, ...]) -> Callable[[Model], Model]:
    """A validator: an entry has all keys of one alternative, and none of another."""

    def check(entry: Model) -> Model:
        stated = [names for names in alternatives if any(getattr(entry, name) is not None for name in names)]
        if len(stated) != 1 or any(getattr(entry, name) is None for name in stated[0]):
            raise refuse()
        return entry

    return check


def absent(key: str) -> PydanticCustomError:
    """A key that is missing because of what another one says."""
    return PydanticCustomError(ABSENT, "{key}", {"key": key})
