"""Does Kong take an entity? Its fields, as kong-2.2.yml has them, and its rules across fields."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

_SCHEMAS = yaml.safe_load((Path(__file__).parent / "kong-2.2.yml").read_text("utf-8"))
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9._~-]+")
_HOST = re.compile(r"[A-Za-z0-9._-]+")
# RFC 3986; what else stands in a route's path makes it a regular expression.
_PATH = re.compile(r"/[A-Za-z0-9._~/%:@!$&'()*+,;=-]*")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9._~/%-]*")
_PERIODS = ("second", "minute", "hour", "day", "month", "year")
_PORTS = {"http": 80, "https": 443}
_TLS_FIELDS = ("client_certificate", "tls_verify", "tls_verify_depth", "ca_certificates")
# A route speaks the protocols of one of these.
_FAMILIES = ({"http", "https"}, {"tcp", "tls", "udp"}, {"grpc", "grpcs"})

Errors = dict[str, Any]


def is_uuid(text: str) -> bool:
    return bool(_UUID.fullmatch(text))


def complete(kind: str, given: Mapping[str, Any]) -> tuple[dict[str, Any], Errors]:
    """An entity (services, routes, plugins) with its defaults, and what is wrong with it."""
    given = dict(given)
    if kind == "services" and "url" in given:
        given = {**_from_url(given.pop("url")), **given}
    entity, errors = _fill(_SCHEMAS[kind], given)
    if not errors:
        errors = {"services": _service, "routes": _route}.get(kind, lambda entity: {})(entity)
    if kind == "plugins" and isinstance(entity.get("name"), str):
        schema = _SCHEMAS["configs"].get(entity["name"])
        if schema is None:
            errors["name"] = f"plugin '{entity['name']}' not enabled; add it to the 'plugins' configuration property"
        else:
            config, wrong = _fill(schema, entity.get("config") or {})
            wrong.update(_across(entity["name"], config))
            entity["config"] = config
            if wrong:
                errors["config"] = wrong
    return entity, errors


def _fill(schema: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]) -> tuple[dict[str, Any], Errors]:
    entity = {field: rule.get("default") for field, rule in schema.items()}
    errors: Errors = {field: "unknown field" for field in given if field not in schema}
    for field, rule in schema.items():
        if given.get(field) is not None:
            entity[field] = given[field]
            wrong = _wrong(rule, given[field])
            if wrong:
                errors[field] = wrong
        elif rule.get("required"):
            errors[field] = "required field missing"
    return entity, errors


def _wrong(rule: Mapping[str, Any], value: Any) -> str | None:
    kind = rule["type"]
    if kind == "list":
        if not isinstance(value, list):
            return "expected an array"
        return next((wrong for entry in value if (wrong := _wrong(rule["elements"], entry))), None)
    if kind in ("map", "reference"):
        return None if isinstance(value, dict) else "expected a record"
    if kind == "boolean":
        return None if isinstance(value, bool) else "expected a boolean"
    if kind in ("integer", "number"):
        if isinstance(value, bool) or not isinstance(value, (int,) if kind == "integer" else (int, float)):
            return f"expected a{'n' if kind == 'integer' else ''} {kind}"
        low, high = rule.get("between", (value, value))
        if not low <= value <= high:
            return f"value should be between {low} and {high}"
        if value <= rule.get("above", value - 1):
            return f"value must be greater than {rule['above']}"
    else:
        if not isinstance(value, str):
            return "expected a string"
        if not value:
            return "length must be at least 1"
        if wrong := _wrong_text(kind, value):
            return wrong
    if "one_of" in rule and value not in rule["one_of"]:
        return f"expected one of: {', '.join(map(str, rule['one_of']))}"
    return None


def _wrong_text(kind: str, value: str) -> str | None:
    if kind == "uuid" and not is_uuid(value):
        return "expected a valid UUID"
    if kind == "name" and not _NAME.fullmatch(value):
        return f"invalid value '{value}': it must only contain alphanumeric and '., -, _, ~' characters"
    if kind == "host" and not _HOST.fullmatch(value):
        return f"invalid value: {value}"
    if kind == "method" and not re.fullmatch("[A-Z]+", value):
        return f"invalid value: {value}"
    if kind in ("path", "route_path"):
        if not value.startswith("/"):
            return "should start with: /"
        if "//" in value:
            return "must not have empty segments"
        if re.search(r"%(?![0-9A-Fa-f]{2})", value):
            return "invalid url-encoded value"
        if kind == "path" and not _PATH.fullmatch(value):
            return f"invalid path: '{value}' (characters outside of the reserved list of RFC 3986 found)"
        if kind == "route_path" and not _PLAIN_PATH.fullmatch(value):
            try:
                re.compile(value)
            except re.error as error:
                return f"invalid regex: '{value}' (PCRE returned: {error})"
    return None


def _service(entity: Mapping[str, Any]) -> Errors:
    protocol = entity["protocol"]
    forbidden = [] if protocol == "https" else list(_TLS_FIELDS)
    if protocol not in _PORTS:
        forbidden.append("path")
    return {field: "value must be null" for field in forbidden if entity[field] is not None}


def _route(entity: Mapping[str, Any]) -> Errors:
    protocols = set(entity["protocols"])
    if not protocols:
        return {"protocols": "length must be at least 1"}
    if sum(1 for family in _FAMILIES if family & protocols) > 1:
        return {"protocols": "these sets are mutually exclusive"}
    if any(name.lower() == "host" for name in entity["headers"] or ()):
        return {"headers": "cannot contain 'host' header, which must be specified in the 'hosts' attribute"}
    if not any(entity[field] for field in ("methods", "hosts", "headers", "paths", "snis")):
        return {"@entity": "must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'"}
    return {}


def _across(plugin: str, config: Mapping[str, Any]) -> Errors:
    if plugin == "rate-limiting":
        limits = [(period, config[period]) for period in _PERIODS if isinstance(config[period], (int, float))]
        if not limits:
            return {"@entity": f"at least one of these fields must be non-empty: {', '.join(_PERIODS)}"}
        for (low, fewer), (high, more) in itertools.pairwise(limits):
            if more < fewer:
                return {"@entity": f"The limit for {high}({more}) cannot be lower than the limit for {low}({fewer})"}
        needed = {
            "redis_host": config["policy"] == "redis",
            "header_name": config["limit_by"] == "header",
            "path": config["limit_by"] == "path",
        }
        return {field: "required field missing" for field, wanted in needed.items() if wanted and not config[field]}
    claims = config.get("claims_to_verify")
    if plugin == "jwt" and config["maximum_expiration"] and claims is not None and "exp" not in claims:
        return {"claims_to_verify": "expected to contain: exp"}
    if plugin == "request-termination":
        if config["message"] and (config["content_type"] or config["body"]):
            return {"@entity": "message cannot be used with content_type or body"}
        if config["content_type"] and not config["body"]:
            return {"@entity": "content_type requires a body"}
    return {}


def _from_url(url: Any) -> dict[str, Any]:
    """Kong's shorthand for protocol, host, port and path."""
    parts = urlsplit(str(url))
    protocol = parts.scheme or "http"
    return {
        "protocol": protocol,
        "host": parts.hostname,
        "port": parts.port or _PORTS.get(protocol, 80),
        "path": parts.path or None,
    }


def message(errors: Errors) -> str:
    """Kong's words for a refusal."""
    flat = [
        f"{field}.{part}: {text}" if isinstance(wrong, dict) else f"{field}: {wrong}"
        for field, wrong in sorted(errors.items())
        for part, text in (sorted(wrong.items()) if isinstance(wrong, dict) else [("", "")])
    ]
    count = f"{len(flat)} schema violations" if len(flat) > 1 else "schema violation"
    return f"{count} ({'; '.join(flat)})"
