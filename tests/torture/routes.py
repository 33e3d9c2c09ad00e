"""Every address of a server, as its own OpenAPI document tells them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

# What no document tells of: pages, and what is not there.
OTHERS = ["/", "/viewer/viewer.js", "/favicon.ico", "/nothing", "/0/0/0.png", "/0/0/0/256/viridis/0/255.png"]


@dataclass(frozen=True)
class Route:
    """An address with examples for all that it takes."""

    method: str
    path: str
    in_path: Mapping[str, str] = field(default_factory=dict)
    in_query: Mapping[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    media_type: str = ""
    body: bytes = b""

    @property
    def is_stream(self) -> bool:
        """Whether its answer goes on for ever."""
        return self.path == "/events"

    def target(self, **instead: str) -> str:
        """Write the address, with `instead` of examples; what is escaped there already stays so."""
        examples = {name: quote(value, safe="/:,") for name, value in self.in_path.items()} | instead
        path = re.sub(r"\{(\w+)\}", lambda found: examples.get(found[1], found[0]), self.path)
        wanted = {name: value for name, value in self.in_query.items() if name in self.required}
        named = [urlencode([(name, value)]) for name, value in wanted.items() if name not in instead]
        named += [f"{name}={value}" for name, value in instead.items() if name not in self.in_path]
        return f"{path}?{'&'.join(named)}" if named else path


def example(parameter: Mapping[str, Any]) -> str:
    """Tell an example of a parameter as it stands in an address."""
    schema = parameter.get("schema", {})
    value = parameter.get("example", schema.get("default", (schema.get("enum") or ["1"])[0]))
    return value if isinstance(value, str) else json.dumps(value)


def routes(document: Mapping[str, Any]) -> list[Route]:
    """Tell all addresses of the server whose document at `/api/openapi.json` this is."""
    found = [Route("GET", path) for path in OTHERS]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parameters = operation.get("parameters", [])
            of = {
                place: {each["name"]: example(each) for each in parameters if each["in"] == place}
                for place in ("path", "query")
            }
            content = operation.get("requestBody", {}).get("content", {})
            media_type, told = next(iter(content.items()), ("", {}))
            found.append(
                Route(
                    method.upper(),
                    path,
                    of["path"],
                    of["query"],
                    frozenset(each["name"] for each in parameters if each.get("required")),
                    media_type,
                    json.dumps(told.get("example")).encode() if media_type.endswith("json") else b"",
                )
            )
    return found
