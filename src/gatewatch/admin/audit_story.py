"""The story of one request, as a page: for whoever has an error page's request id in hand."""

from dataclasses import dataclass
from typing import ClassVar, Self

from gatewatch.admin.audit import sample_rows
from gatewatch.audit.log import AuditLog
from gatewatch.audit.story import Story, tell
from gatewatch.http.csrf import Csrf
from gatewatch.http.pages import Pages, Viewer
from gatewatch.http.request import Request
from gatewatch.http.response import Response
from gatewatch.identity.accounts.rules import AUDIT_READERS
from gatewatch.identity.sessions.endpoint import Doorkeeper
from gatewatch.identity.sessions.pages import viewer_of


@dataclass(frozen=True, slots=True)
class StoryPage:
    """What happened, in plain words."""

    template: ClassVar[str] = "admin/audit_story.html"
    viewer: Viewer
    story: Story

    @classmethod
    def sample(cls) -> Self:
        rows = sample_rows()
        return cls(Viewer.sample(), tell(rows[0].request_id or "", rows[:3]))


@dataclass(frozen=True, slots=True)
class AuditStory:
    """Tells what happened in a request."""

    log: AuditLog
    door: Doorkeeper
    pages: Pages
    csrf: Csrf

    async def page(self, request: Request) -> Response:
        """GET /admin/audit/requests/{request_id}."""
        visitor = await self.door.require_role(request, *AUDIT_READERS)
        story = await self.log.story(
            request.parameters["request_id"],
            by=visitor.actor,
            origin=visitor.origin(request.origin),
        )
        page = StoryPage(viewer_of(visitor, self.csrf), story)
        return self.pages.response(page, 200 if story.lines else 404)
