"""The HTTP surface as data: a route is a method, a path template, an endpoint, and a face."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from gatewatch.http.request import Request
from gatewatch.http.response import Response

Endpoint = Callable[[Request], Awaitable[Response]]

UNMATCHED: Final = "unmatched"
"""The route label of a request that no route fits, so that a scanner mints no series."""


class Face(Enum):
    """In what shape a route's callers expect an error."""

    OAUTH = auto()
    """RFC 6749 section 5.2."""
    API = auto()
    """IdentSphere's envelope, below /v1."""
    PAGE = auto()
    """HTML."""
    PROBLEM = auto()
    """RFC 9457."""


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the route table; `template` may hold ``{name}`` segments."""

    method: str
    template: str
    endpoint: Endpoint
    face: Face


@dataclass(frozen=True, slots=True)
class Match:
    """A route that fits, and what its template's segments are."""

    route: Route
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class WrongMethod:
    """A path that exists, asked with a method it does not have."""

    allowed: tuple[str, ...]
    template: str
    face: Face


class Router:
    """Finds the route of a request: exact paths by a dictionary, templates by their pattern."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._exact: dict[str, dict[str, Match]] = {}
        self._patterns: list[tuple[re.Pattern[str], dict[str, Route]]] = []
        by_template: dict[str, dict[str, Route]] = {}
        for route in routes:
            by_template.setdefault(route.template, {})[route.method] = route
        for template, methods in by_template.items():
            if "GET" in methods:
                methods.setdefault("HEAD", methods["GET"])
            if "{" in template:
                self._patterns.append((_pattern(template), methods))
            else:
                self._exact[template] = {name: Match(it, {}) for name, it in methods.items()}
        self.templates = (*by_template, UNMATCHED)

    def find(self, method: str, path: str) -> Match | WrongMethod | None:
        """The route for a request, or what is wrong with it."""
        exact = self._exact.get(path)
        if exact is not None:
            return exact.get(method) or _wrong_method({m: it.route for m, it in exact.items()})
        for pattern, methods in self._patterns:
            if found := pattern.fullmatch(path):
                route = methods.get(method)
                return Match(route, found.groupdict()) if route else _wrong_method(methods)
        return None


def _wrong_method(methods: Mapping[str, Route]) -> WrongMethod:
    route = next(iter(methods.values()))
    return WrongMethod(tuple(sorted({*methods, "OPTIONS"})), route.template, route.face)


def _pattern(template: str) -> re.Pattern[str]:
    """Match what a template stands for; a NUL is in no name, and no database takes one."""
    parts = re.split(r"\{(\w+)\}", template)
    return re.compile(
        "".join(
            f"(?P<{part}>[^/\\0]+)" if index % 2 else re.escape(part)
            for index, part in enumerate(parts)
        )
    )
