"""Saved searches of the audit log: kept, and forgotten."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from gatewatch.admin.filters import read_query
from gatewatch.audit.saved import SavedSearches
from gatewatch.http.request import Request
from gatewatch.http.response import Response, see_other
from gatewatch.http.urls import Urls
from gatewatch.identity.accounts.rules import AUDIT_READERS
from gatewatch.identity.sessions.endpoint import Doorkeeper
from gatewatch.kernel.time import Clock


@dataclass(frozen=True, slots=True)
class AuditSearches:
    """Keeps searches for whoever reads the audit log."""

    saved: SavedSearches
    door: Doorkeeper
    urls: Urls
    clock: Clock

    async def save(self, request: Request) -> Response:
        """POST /admin/audit/searches."""
        visitor = await self.door.require_role(request, *AUDIT_READERS)
        form = await request.form()
        self.door.protect(request, visitor, form.get("csrf_token"))
        query = form.get("query", "")
        read_query(parse_qsl(query), self.clock.now())
        await self.saved.save(visitor.account.id, form.get("name", ""), query)
        return see_other(f"{self.urls.local('/admin/audit')}{'?' if query else ''}{query}")

    async def remove(self, request: Request) -> Response:
        """POST /admin/audit/searches/{search_id}/remove."""
        visitor = await self.door.require_role(request, *AUDIT_READERS)
        form = await request.form()
        self.door.protect(request, visitor, form.get("csrf_token"))
        await self.saved.remove(visitor.account.id, request.parameters["search_id"])
        return see_other(self.urls.local("/admin/audit"))
