"""Pages: a typed context in, HTML out, under headers that let a page load nothing foreign."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, Protocol, Self
from urllib.parse import urlencode

from gatewatch.http.errors import status_of
from gatewatch.http.request import Request
from gatewatch.http.response import NO_STORE, Header, Response, see_other
from gatewatch.http.static import published
from gatewatch.http.urls import Urls
from gatewatch.kernel.errors import Refusal, Unavailable
from gatewatch.kernel.time import Clock, rfc3339

if TYPE_CHECKING:
    from jinja2 import Environment

SIGN_IN: Final = "/login"
"""Where people sign in."""

_UNAUTHORIZED: Final = 401

_TEMPLATES: Final = Path(__file__).parents[1] / "templates"

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; connect-src 'self'"
)

_HEADERS: Final[tuple[Header, ...]] = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", _POLICY.encode("ascii")),
    # Not no-referrer: it makes browsers send `Origin: null` with our own forms (Fetch, "append a
    # request Origin header"), and the check of a form's origin is worth more.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    *NO_STORE,
)


class Page(Protocol):
    """What a page shows: a frozen dataclass whose fields its template reads."""

    template: ClassVar[str]

    @classmethod
    def sample(cls) -> Self:
        """An example, for tests and for whoever restyles the pages."""
        ...


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever is signed in, as the top of a page shows them."""

    name: str
    is_admin: bool
    csrf_token: str
    reads_audit: bool = False

    @classmethod
    def sample(cls) -> Self:
        """An example."""
        return cls("ada@example.com", is_admin=True, csrf_token="c2FtcGxl", reads_audit=True)  # noqa: S106 - a sample


@dataclass(frozen=True, slots=True)
class FailurePage:
    """Something went wrong, or was not allowed; it names the request, so that it can be found."""

    template: ClassVar[str] = "http/failure.html"
    status: int
    title: str
    text: str
    request_id: str

    @classmethod
    def sample(cls) -> Self:
        return cls(
            404,
            "There is nothing here",
            "There is nothing at this address.",
            "req_019a7c52e8f19c4b6a1d2e3f40516273",
        )


@dataclass(frozen=True, slots=True)
class Pages:
    """Renders pages. Jinja is loaded with the first of them: a server of APIs never pays for it."""

    urls: Urls
    clock: Clock

    def response(self, page: Page, status: int = 200, headers: Sequence[Header] = ()) -> Response:
        """A page as a response that no cache keeps and no other site may frame."""
        html = self.part(page.template, page)
        return Response(status, html.encode("utf-8"), (*_HEADERS, *headers))

    def part(self, template: str, page: object) -> str:
        """What a template makes of a page, or of what a part of one shows."""
        return (
            _environment()
            .get_template(template)
            .render(
                page=page,
                url=self.urls.local,
                asset=lambda name: self.urls.local(published(name)),
                issuer_host=self.urls.origin.partition("://")[2],
                now=self.clock.now(),
            )
        )

    def refused(self, page: Page, refusal: Refusal, headers: Sequence[Header] = ()) -> Response:
        """A page that says itself why it was refused, so that nobody loses what they typed."""
        if isinstance(refusal, Unavailable):
            headers = (*headers, (b"retry-after", str(refusal.retry_after).encode("ascii")))
        return self.response(page, status_of(refusal), headers)

    def error(self, request: Request, status: int, title: str, text: str) -> Response:
        """The face that `http.errors` gives to a refusal on a page.

        Whoever only has to sign in is sent to do so, and comes back to where they were.
        """
        if status == _UNAUTHORIZED and request.method in {"GET", "HEAD"}:
            query = request.raw_query.decode("latin-1")
            here = self.urls.local(request.path) + (f"?{query}" if query else "")
            return see_other(f"{self.urls.local(SIGN_IN)}?{urlencode({'redirect': here})}")
        return self.response(FailurePage(status, title, text, request.id), status)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - see Pages

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FileSystemLoader(_TEMPLATES),
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        moment=_moment, day=_day, clock_time=_clock_time, machine_time=rfc3339, ago=ago
    )
    return environment


def _moment(at: datetime) -> str:
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def _day(at: datetime) -> str:
    return f"{at:%A} {at.day} {at:%B %Y}"


def _clock_time(at: datetime) -> str:
    return f"{at:%H:%M:%S}"


def ago(at: datetime, now: datetime) -> str:
    """How long ago something was, in the largest unit that fits; under a minute is just now."""
    passed = now - at
    for unit, length in _UNITS:
        if passed >= length:
            count = passed // length
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


_UNITS: Final = (
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
)
