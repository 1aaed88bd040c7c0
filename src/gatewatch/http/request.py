"""A request, read only as far as it is asked for."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from types import MappingProxyType
from typing import Any, Final, TypeVar

import msgspec

from gatewatch.http.forms import parse_form
from gatewatch.kernel.actor import Origin
from gatewatch.kernel.errors import GatewatchError, Refusal

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
T = TypeVar("T")

BODY_LIMIT: Final = 64 * 1024
"""Bytes of a body that are read before it is refused; a token request is well under one KiB."""

USER_AGENT_LIMIT: Final = 500
"""Characters of a user agent that are kept; AuthGate's column holds as many."""


_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class ClientDisconnected(GatewatchError):
    """The caller hung up before its request was whole; there is no one to answer."""


class Request:
    """One HTTP request: its headers and body are parsed when first looked at."""

    __slots__ = (
        "_cookies",
        "_origin",
        "_query",
        "_receive",
        "_scope",
        "address",
        "id",
        "method",
        "parameters",
        "path",
    )

    def __init__(
        self, scope: Scope, receive: Receive, *, request_id: str, path: str, address: str | None
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._query: Mapping[str, str] | None = None
        self._cookies: Mapping[str, str] | None = None
        self._origin: Origin | None = None
        self.id = request_id
        self.path = path
        self.address = address
        self.method: str = scope["method"]
        self.parameters: Mapping[str, str] = _NONE

    def header(self, name: bytes) -> str | None:
        """The first header of this lower-case name, or None."""
        for key, value in self._scope["headers"]:
            if key == name:
                text: str = value.decode("latin-1")
                return text
        return None

    @property
    def query(self) -> Mapping[str, str]:
        """The query, strictly parsed. Raises `Refusal` as `parse_form` does."""
        if self._query is None:
            self._query = parse_form(self._scope["query_string"])
        return self._query

    @property
    def raw_query(self) -> bytes:
        """The query as it came."""
        query: bytes = self._scope["query_string"]
        return query

    @property
    def cookies(self) -> Mapping[str, str]:
        """The cookies; of two with one name the first, as browsers send the closest path first."""
        if self._cookies is None:
            self._cookies = _cookies(self._scope["headers"])
        return self._cookies

    @property
    def user_agent(self) -> str | None:
        """What the caller says it is, cut to what is kept."""
        value = self.header(b"user-agent")
        return value[:USER_AGENT_LIMIT] if value else None

    @property
    def origin(self) -> Origin:
        """Where the request came from."""
        if self._origin is None:
            self._origin = Origin(self.address, self.user_agent, self.id, self.method, self.path)
        return self._origin

    def wants_page(self) -> bool:
        """Whether a browser asked, which would rather see a page than JSON."""
        return "text/html" in (self.header(b"accept") or "")

    async def body(self, limit: int = BODY_LIMIT) -> bytes:
        """The whole body.

        Raises `Refusal` (content_too_large) past `limit` bytes, `ClientDisconnected`.
        """
        chunks: list[bytes] = []
        size, more = 0, True
        while more and size <= limit:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnected
            chunk, more = message.get("body", b""), message.get("more_body", False)
            chunks.append(chunk)
            size += len(chunk)
        if size > limit:
            raise Refusal("content_too_large", f"The body is larger than {limit} bytes.")
        return b"".join(chunks)

    async def gone(self) -> None:
        """Wait until whoever asked has hung up."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def form(self) -> Mapping[str, str]:
        """The form in the body.

        Raises `Refusal` (invalid_request, content_too_large) when there is none that is sound.
        """
        if self._media_type() != "application/x-www-form-urlencoded":
            raise Refusal(
                "invalid_request", "The body must be of type application/x-www-form-urlencoded."
            )
        return parse_form(await self.body())

    async def json(self, shape: type[T]) -> T:
        """The JSON in the body as `shape`. Raises `Refusal` (invalid_input) when it is not."""
        if self._media_type() != "application/json":
            raise Refusal("invalid_input", "The body must be of type application/json.")
        try:
            return msgspec.json.decode(await self.body(), type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Refusal("invalid_input", f"The body cannot be read: {error}.") from None
        except RecursionError:
            raise Refusal("invalid_input", "The body is nested too deep.") from None

    def _media_type(self) -> str:
        return (self.header(b"content-type") or "").partition(";")[0].strip().lower()


def _cookies(headers: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for key, value in headers:
        if key != b"cookie":
            continue
        for pair in value.decode("latin-1").split(";"):
            name, separator, content = pair.strip().partition("=")
            if separator:
                found.setdefault(name, content)
    return found
