"""The audit log as it happens: server-sent events (HTML Living Standard, section 9.2)."""

import asyncio
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

import msgspec

from gatewatch.admin.filters import read_query
from gatewatch.audit.formats.native import as_json
from gatewatch.audit.log import AuditLog, Watch
from gatewatch.audit.row import AuditRow
from gatewatch.audit.span import at
from gatewatch.http.forms import parse_pairs
from gatewatch.http.pages import Pages
from gatewatch.http.request import Request
from gatewatch.http.response import NO_STORE, Response, Streamed
from gatewatch.identity.accounts.rules import AUDIT_READERS
from gatewatch.identity.sessions.endpoint import Doorkeeper
from gatewatch.kernel.time import Clock

LOOK_SECONDS: Final = 1.0
"""Between two looks for what is new."""

LOOKS: Final = 60
"""Looks for each connection: then the browser comes again, and shows anew that it may."""

_LINE: Final = "admin/audit_line_parts.html"
_QUIET: Final = b": nothing new\n\n"
_EVENT_ID: Final = re.compile(r"evt_[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class AuditLive:
    """Tells of events while somebody watches."""

    log: AuditLog
    door: Doorkeeper
    pages: Pages
    clock: Clock

    async def stream(self, request: Request) -> Response:
        """GET /admin/audit/live: each event as JSON, and as the line that the page shows."""
        visitor = await self.door.require_role(request, *AUDIT_READERS)
        now = self.clock.now()
        query = read_query(parse_pairs(request.raw_query), now)
        last = request.header(b"last-event-id") or ""
        after = last if _EVENT_ID.fullmatch(last) else at(now)
        origin = visitor.origin(request.origin)
        watch = self.log.watch(query.search, after, by=visitor.actor, origin=origin)
        headers = (
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"x-accel-buffering", b"no"),
            *NO_STORE,
        )
        return Streamed(status=200, headers=headers, chunks=self._told(watch))

    async def _told(self, watch: Watch) -> AsyncGenerator[bytes, None]:
        yield b"retry: 1000\n\n"
        for _ in range(LOOKS):
            rows = await watch.more()
            yield b"".join(map(self._message, rows)) or _QUIET
            await asyncio.sleep(LOOK_SECONDS)

    def _message(self, row: AuditRow) -> bytes:
        told = {"log": as_json(row), "html": self.pages.part(_LINE, row)}
        return b"id: %s\ndata: %s\n\n" % (row.id.encode(), msgspec.json.encode(told))
