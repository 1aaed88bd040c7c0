"""The audit log as a file, for an administrator or an auditor."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, TypeVar

from gatewatch.admin.filters import Query, read_query
from gatewatch.audit.export import ExportFormat, Exports, Wanted
from gatewatch.audit.log import Direction
from gatewatch.audit.search import Choice
from gatewatch.audit.selections import ACTIONS, Selection
from gatewatch.http.forms import parse_pairs
from gatewatch.http.request import Request
from gatewatch.http.response import NO_STORE, Response, Streamed
from gatewatch.http.urls import Urls
from gatewatch.identity.accounts.rules import AUDIT_READERS
from gatewatch.identity.sessions.endpoint import Doorkeeper
from gatewatch.kernel import ids
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.secrets import Entropy
from gatewatch.kernel.time import Clock

_OWN: Final = frozenset({"format", "selection", "subject"})
"""Parameters of an export, beside the log's filters."""

_NOTHING: Final = frozenset({""})
"""No action at all."""

W = TypeVar("W", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class AuditExport:
    """Sends the audit log, or a part of it, as a file."""

    exports: Exports
    door: Doorkeeper
    urls: Urls
    clock: Clock
    entropy: Entropy

    async def export(self, request: Request) -> Response:
        """GET /admin/audit/export."""
        visitor = await self.door.require_role(request, *AUDIT_READERS)
        now = self.clock.now()
        pairs = parse_pairs(request.raw_query)
        own = {name: text for name, text in pairs if name in _OWN}
        wanted = wanted_of(read_query(pairs, now, others=_OWN), own)
        export_id = ids.export_id(now, self.entropy)
        file_name = self.exports.file_name(wanted, now)
        checksum = self.urls.local(f"/admin/audit/export/{export_id}/checksum")
        return Streamed(
            status=200,
            headers=(
                (b"content-type", wanted.form.media_type.encode()),
                (b"content-disposition", f'attachment; filename="{file_name}"'.encode()),
                (b"x-export-id", export_id.encode()),
                (b"link", f'<{checksum}>; rel="describedby"'.encode()),
                # What stands between must not gather it up first.
                (b"x-accel-buffering", b"no"),
                *NO_STORE,
            ),
            chunks=self.exports.stream(
                wanted,
                export_id=export_id,
                file_name=file_name,
                by=visitor.actor,
                origin=visitor.origin(request.origin),
            ),
        )

    async def checksum(self, request: Request) -> Response:
        """GET /admin/audit/export/{export_id}/checksum: as sha256sum writes it, and reads it."""
        await self.door.require_role(request, *AUDIT_READERS)
        found = await self.exports.checksum(request.parameters["export_id"])
        if found is None:
            raise Refusal("not_found", "There is no such export, or it has not ended.")
        ending = "whole" if found.is_whole else "broken off"
        text = f"{found.sha256}  {found.file_name}\n# {found.rows} events, {ending}\n"
        media_type = (b"content-type", b"text/plain; charset=utf-8")
        return Response(200, text.encode(), (media_type, *NO_STORE))


def wanted_of(query: Query, own: dict[str, str]) -> Wanted:
    """What an export is asked for.

    Raises:
        Refusal: invalid_input, naming the parameter that cannot be understood.
    """
    search, cursor = query.search, query.cursor
    if cursor is not None and cursor.direction is not Direction.OLDER:
        raise Refusal("invalid_input", "An export goes on with what is older: cursor=older.…")
    form = _one_of("format", own.get("format"), ExportFormat) or ExportFormat.CSV
    selection = _one_of("selection", own.get("selection"), Selection)
    person = own.get("subject")
    if (selection is Selection.GDPR) != (person is not None):
        raise Refusal("invalid_input", "The selection gdpr and an account as subject go together.")
    if selection is not None:
        every = ACTIONS[selection]
        among = every & (search.action.wanted or every) or _NOTHING
        search = replace(search, action=Choice(among, search.action.unwanted))
    before = None if cursor is None else cursor.event_id
    return Wanted(search=search, form=form, before=before, person=person)


def _one_of(name: str, text: str | None, words: type[W]) -> W | None:
    if text is None:
        return None
    try:
        return words(text)
    except ValueError:
        known = ", ".join(words)
        raise Refusal("invalid_input", f"The {name} is one of: {known}.") from None
