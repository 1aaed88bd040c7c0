"""How a refusal or a fault looks to whoever caused it: one table, four faces."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gatewatch.http.request import Request
from gatewatch.http.response import NO_STORE, Header, Response, private_json
from gatewatch.http.routing import Face
from gatewatch.kernel.errors import Outage, Refusal, Unavailable
from gatewatch.protocol.errors import OAUTH_ERRORS

API_ERRORS: Final[dict[str, tuple[int, str]]] = {
    "invalid_input": (400, "invalid_request_error"),
    "invalid_credentials": (401, "authentication_error"),
    "authentication_required": (401, "authentication_error"),
    "forbidden": (403, "permission_error"),
    "csrf_failed": (403, "permission_error"),
    "not_found": (404, "not_found_error"),
    "method_not_allowed": (405, "invalid_request_error"),
    "conflict": (409, "conflict_error"),
    "content_too_large": (413, "invalid_request_error"),
    "rate_limited": (429, "rate_limit_error"),
    "internal_error": (500, "api_error"),
    "temporarily_unavailable": (503, "api_error"),
}
"""Status and type by code: IdentSphere's envelope, with the codes it forgot."""

_TITLES: Final[dict[int, str]] = {
    400: "That request could not be read",
    401: "You are not signed in",
    403: "That is not allowed",
    404: "There is nothing here",
    405: "That cannot be done here",
    409: "That conflicts with what is there",
    413: "That is too large",
    429: "Too many attempts",
    500: "Something broke on our side",
    503: "Busy just now",
}

FAULT: Final = Refusal(
    "internal_error", "The server met an error. Give the request id to whoever runs it."
)
"""What anyone sees of a fault; what it was is in the log, under the request's id."""

RETRY_SECONDS: Final = 5
"""When to try again during an outage: a database that is started anew is there within seconds."""

ErrorPage = Callable[[Request, int, str, str], Response]
"""Renders request, status, title, and text as a page."""


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal's code."""
    if refusal.code in API_ERRORS:
        return API_ERRORS[refusal.code][0]
    return OAUTH_ERRORS[refusal.code]


def unavailable(outage: Outage) -> Unavailable:
    """What anyone sees of an outage; what it was is in the log, under the request's id."""
    return Unavailable(
        "temporarily_unavailable",
        "The server cannot do that just now. Try again in a few seconds.",
        retry_after=RETRY_SECONDS,
        private=str(outage),
    )


@dataclass(frozen=True, slots=True)
class Errors:
    """Turns refusals into responses, in the shape the route's callers expect."""

    page: ErrorPage

    def response(self, request: Request, face: Face, refusal: Refusal) -> Response:
        """The answer to a request that was refused with `refusal`."""
        status = status_of(refusal)
        headers = headers_of(refusal)
        match face:
            case Face.OAUTH:
                return private_json(_oauth(refusal), status, headers)
            case Face.API:
                return private_json(_envelope(refusal), status, headers)
            case Face.PROBLEM:
                return _problem(request, refusal, status, headers)
            case Face.PAGE:
                page = self.page(request, status, _TITLES[status], refusal.public)
                return Response(page.status, page.body, (*page.headers, *headers))


def headers_of(refusal: Refusal) -> tuple[Header, ...]:
    """The headers that go with a refusal: when to try again, or how to sign in."""
    if isinstance(refusal, Unavailable):
        return ((b"retry-after", str(refusal.retry_after).encode("ascii")),)
    if refusal.code == "invalid_client":
        return ((b"www-authenticate", b'Basic realm="gatewatch", charset="UTF-8"'),)
    if refusal.code == "invalid_token":
        return ((b"www-authenticate", b'Bearer realm="gatewatch", error="invalid_token"'),)
    if status_of(refusal) == 401:  # noqa: PLR2004 - RFC 9110 section 15.5.2 asks for a challenge
        return ((b"www-authenticate", b'Bearer realm="gatewatch"'),)
    return ()


def _oauth(refusal: Refusal) -> dict[str, str]:
    code = refusal.code if refusal.code in OAUTH_ERRORS else _OAUTH_NAMES[status_of(refusal)]
    return {"error": code, "error_description": refusal.public}


_OAUTH_NAMES: Final[dict[int, str]] = {
    400: "invalid_request",
    401: "invalid_client",
    403: "access_denied",
    404: "invalid_request",
    405: "invalid_request",
    409: "invalid_request",
    413: "invalid_request",
    429: "temporarily_unavailable",
    500: "server_error",
    503: "temporarily_unavailable",
}
"""OAuth's nearest code for a refusal that is not OAuth's own."""


def _envelope(refusal: Refusal) -> dict[str, dict[str, str]]:
    code = refusal.code if refusal.code in API_ERRORS else "invalid_input"
    return {
        "error": {"code": code, "message": refusal.public, "type": API_ERRORS[code][1]},
    }


def _problem(
    request: Request, refusal: Refusal, status: int, headers: tuple[Header, ...]
) -> Response:
    body = private_json(
        {
            "type": "about:blank",
            "title": _TITLES[status],
            "status": status,
            "detail": refusal.public,
            "code": refusal.code,
            "instance": request.path,
            "request_id": request.id,
        },
    ).body
    media_type = (b"content-type", b"application/problem+json")
    return Response(status, body, (media_type, *NO_STORE, *headers))
