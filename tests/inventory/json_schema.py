"""Parameters and files of the inventory, judged by the JSON Schema that is made from the models."""

from __future__ import annotations

import json
import math
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from components.cluster.input.json_schema import parameters_schema


def _is_whole(_: Any, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: Any, value: Any) -> bool:
    return _is_whole(_, value) or (isinstance(value, float) and math.isfinite(value))


# JSON knows no difference between 1 and 1.0, and YAML has one.
_CHECKER = Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": _is_whole, "number": _is_number})
Validator = extend(Draft202012Validator, type_checker=_CHECKER)


class Strict:
    """Parameters against the schema, part by part: most fixtures have most of their services in common."""

    def __init__(self):
        schema = parameters_schema()
        self._definitions = {"$defs": schema["$defs"]}
        services = schema["properties"].pop("services")
        self._service = services["additionalProperties"]
        self._parts = schema["properties"]
        # Names of the parts and of the services, whatever these hold.
        names = {**services, "additionalProperties": True}
        self._frame = {**schema, "properties": {**dict.fromkeys(self._parts, True), "services": names}}
        self._answers: dict[tuple[str, str], bool] = {}

    def is_valid(self, parameters) -> bool:
        services = parameters.get("services")
        pairs = [(self._frame, {**dict.fromkeys(parameters), "services": services})]
        pairs += [(self._parts[name], value) for name, value in parameters.items() if name in self._parts]
        pairs += [(self._service, value) for value in services.values()] if isinstance(services, dict) else []
        return all([self._answer(schema, value) for schema, value in pairs])

    def _answer(self, schema, value) -> bool:
        key = json.dumps(schema, sort_keys=True), json.dumps(value, sort_keys=True, default=str)
        if key not in self._answers:
            self._answers[key] = Validator({**schema, **self._definitions}).is_valid(value)
        return self._answers[key]
