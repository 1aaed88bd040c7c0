"""Stylesheet, script, and mark: named by their content, so that browsers may keep them for good."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from gatewatch.http.request import Request
from gatewatch.http.response import Header, Response
from gatewatch.kernel.errors import Refusal

_FOLDER: Final = Path(__file__).parents[1] / "static"

_MEDIA_TYPES: Final = MappingProxyType(
    {
        ".css": b"text/css; charset=utf-8",
        ".js": b"text/javascript; charset=utf-8",
        ".svg": b"image/svg+xml",
    }
)

_FOR_GOOD: Final[Header] = (b"cache-control", b"public, max-age=31536000, immutable")
"""For a year, and never asked about again (RFC 8246): the name changes with the content."""


@dataclass(frozen=True, slots=True)
class _Asset:
    name: str
    body: bytes
    media_type: bytes


def published(name: str) -> str:
    """The path of an asset of ours, such as ``/static/gatewatch.3f2a9c01.css``."""
    return f"/static/{_assets()[name].name}"


@dataclass(frozen=True, slots=True)
class StaticEndpoint:
    """GET /static/{name}."""

    async def get(self, request: Request) -> Response:
        """An asset by its published name. Raises `Refusal` (not_found)."""
        asset = _by_published_name().get(request.parameters["name"])
        if asset is None:
            raise Refusal("not_found", "There is nothing at this address.")
        return Response(200, asset.body, ((b"content-type", asset.media_type), _FOR_GOOD))


@cache
def _assets() -> Mapping[str, _Asset]:
    return {path.name: _read(path) for path in _FOLDER.iterdir() if path.suffix in _MEDIA_TYPES}


@cache
def _by_published_name() -> Mapping[str, _Asset]:
    return {asset.name: asset for asset in _assets().values()}


def _read(path: Path) -> _Asset:
    body = path.read_bytes()
    mark = hashlib.sha256(body).hexdigest()[:8]
    return _Asset(f"{path.stem}.{mark}{path.suffix}", body, _MEDIA_TYPES[path.suffix])
