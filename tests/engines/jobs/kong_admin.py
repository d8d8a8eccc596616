"""Kong's Admin API as far as routes go: it keeps what it is sent, and refuses what Kong refuses.

Kong itself comes from no registry that the tests may use. This follows the documented API
of its release 2.2: PUT creates an entity or replaces it whole, defaults included; the name or
id in the path is the entity's; an entity below a service belongs to that service.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from tests.engines.jobs.http_server import Call
from tests.engines.jobs.kong_schema import complete, is_uuid, message

_PUT = re.compile(r"/services/(?P<service>[^/]+)(?:/(?P<kind>routes|plugins)/(?P<key>[^/]+))?")
Entity = dict[str, Any]


class Kong:
    """Entities by id. `ready` says whether the database answers."""

    def __init__(self) -> None:
        self.entities: dict[str, dict[str, Entity]] = {"services": {}, "routes": {}, "plugins": {}}
        self.ready = True

    def __call__(self, call: Call) -> tuple[int, Any]:
        if call.path == "/status" and call.method == "GET":
            return (200 if self.ready else 503), {"database": {"reachable": self.ready}}
        if not self.ready:
            return 500, {"message": "An unexpected error occurred"}
        asked = _PUT.fullmatch(call.path)
        if not asked:
            return 404, {"message": "Not found"}
        if call.method != "PUT":
            return 405, {"message": "Method not allowed"}
        body = call.json()
        if not isinstance(body, dict):
            return 400, {"message": "Cannot parse JSON body"}
        if asked["kind"] is None:
            return self._put("services", asked["service"], body)
        service = self._find("services", asked["service"])
        if service is None:
            return 404, {"message": "Not found"}
        return self._put(asked["kind"], asked["key"], {**body, "service": {"id": service["id"]}})

    def of(self, kind: str) -> list[Entity]:
        return list(self.entities[kind].values())

    def _find(self, kind: str, key: str) -> Entity | None:
        if is_uuid(key):
            return self.entities[kind].get(key)
        return next((one for one in self.of(kind) if one["name"] == key), None)

    def _put(self, kind: str, key: str, body: Entity) -> tuple[int, Any]:
        found = self._find(kind, key)
        if is_uuid(key):
            body = {**body, "id": key}
        elif kind == "plugins":
            return 400, {"name": "invalid primary key", "message": f"invalid primary key: '{{id=\"{key}\"}}'"}
        else:
            body = {**body, "name": key, "id": found["id"] if found else str(uuid.uuid4())}
        entity, errors = complete(kind, body)
        if errors:
            return 400, {"code": 2, "name": "schema violation", "message": message(errors), "fields": errors}
        # Kong sets created_at and updated_at anew at every PUT; no test can compare them.
        entity.pop("created_at"), entity.pop("updated_at", None)
        for other in self.of(kind):
            if other["id"] != entity["id"] and self._unique(kind, other) == self._unique(kind, entity):
                return 409, {
                    "code": 5,
                    "name": "unique constraint violation",
                    "message": f"UNIQUE violation detected on '{self._unique(kind, entity)}'",
                }
        self.entities[kind][entity["id"]] = entity
        return 200, entity

    @staticmethod
    def _unique(kind: str, entity: Entity) -> Any:
        if kind == "plugins":
            return {field: entity[field] for field in ("name", "route", "service", "consumer")}
        return {"name": entity["name"]}
