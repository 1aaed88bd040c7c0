"""Accounts, for an administrator: listed, created, disabled, enabled."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Final, Self

from gatewatch.http.csrf import Csrf
from gatewatch.http.errors import status_of
from gatewatch.http.pages import Pages, Viewer
from gatewatch.http.request import Request
from gatewatch.http.response import Response, see_other
from gatewatch.http.urls import Urls
from gatewatch.identity.accounts.rules import Account, AccountStatus, Role
from gatewatch.identity.accounts.service import Accounts
from gatewatch.identity.passwords.service import Passwords
from gatewatch.identity.sessions.endpoint import Doorkeeper
from gatewatch.identity.sessions.pages import viewer_of
from gatewatch.identity.sessions.rules import SignedIn
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.ids import AccountId

PAGE_SIZE: Final = 50
"""Accounts on a page."""

_NOTICES: Final = {
    "created": "The account was created.",
    "disabled": "The account was disabled. Its sessions and tokens have ended.",
    "enabled": "The account may sign in again.",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """An account as it was typed, so that a refusal costs nobody their typing."""

    email: str = ""
    display_name: str = ""
    role: str = Role.USER


@dataclass(frozen=True, slots=True)
class AccountsPage:
    """Who may sign in."""

    template: ClassVar[str] = "admin/accounts.html"
    viewer: Viewer
    accounts: tuple[Account, ...]
    draft: Draft = Draft()
    older: str | None = None
    notice: str | None = None
    problem: str | None = None

    @classmethod
    def sample(cls) -> Self:
        names = (
            ("ada@example.com", "Ada Lovelace", Role.ADMIN, AccountStatus.ACTIVE),
            ("grace@example.com", None, Role.USER, AccountStatus.ACTIVE),
            ("charles@example.com", "Charles Babbage", Role.USER, AccountStatus.DISABLED),
        )
        return cls(
            Viewer.sample(),
            tuple(
                Account(
                    AccountId(f"acc_019a7c52e8f19c4b6a1d2e3f4051627{index}"),
                    email,
                    None,
                    display_name,
                    role,
                    status,
                    datetime(2026, 2, index + 1, 9, 30, tzinfo=UTC),
                )
                for index, (email, display_name, role, status) in enumerate(names)
            ),
            notice=_NOTICES["created"],
        )


@dataclass(frozen=True, slots=True)
class AccountsAdmin:
    """The accounts' screen."""

    accounts: Accounts
    passwords: Passwords
    door: Doorkeeper
    pages: Pages
    csrf: Csrf
    urls: Urls

    async def page(self, request: Request) -> Response:
        """GET /admin/accounts: who may sign in."""
        visitor = await self.door.require_role(request, Role.ADMIN)
        notice = _NOTICES.get(request.query.get("done", ""))
        return await self._page(request, visitor, notice=notice)

    async def create(self, request: Request) -> Response:
        """POST /admin/accounts: creates an account."""
        visitor, form = await self._form(request)
        draft = Draft(
            form.get("email", ""), form.get("display_name", ""), form.get("role", Role.USER)
        )
        try:
            await self.passwords.register(
                draft.email,
                form.get("password", ""),
                role=_role(draft.role),
                display_name=draft.display_name or None,
                by=visitor.actor,
                origin=visitor.origin(request.origin),
            )
        except Refusal as refusal:
            return await self._page(request, visitor, draft=draft, refusal=refusal)
        return self._done("created")

    async def disable(self, request: Request) -> Response:
        """POST /admin/accounts/{account_id}/disable: shuts an account out."""
        visitor, _ = await self._form(request)
        account_id = AccountId(request.parameters["account_id"])
        try:
            await self.accounts.disable(
                account_id, by=visitor.actor, origin=visitor.origin(request.origin)
            )
        except Refusal as refusal:
            return await self._page(request, visitor, refusal=refusal)
        return self._done("disabled")

    async def enable(self, request: Request) -> Response:
        """POST /admin/accounts/{account_id}/enable: lets it in again."""
        visitor, _ = await self._form(request)
        account_id = AccountId(request.parameters["account_id"])
        await self.accounts.enable(
            account_id, by=visitor.actor, origin=visitor.origin(request.origin)
        )
        return self._done("enabled")

    async def _form(self, request: Request) -> tuple[SignedIn, Mapping[str, str]]:
        visitor = await self.door.require_role(request, Role.ADMIN)
        form = await request.form()
        self.door.protect(request, visitor, form.get("csrf_token"))
        return visitor, form

    async def _page(
        self,
        request: Request,
        visitor: SignedIn,
        *,
        draft: Draft = Draft(),
        notice: str | None = None,
        refusal: Refusal | None = None,
    ) -> Response:
        after = request.query.get("after")
        accounts = await self.accounts.page(AccountId(after) if after else None, PAGE_SIZE + 1)
        shown = accounts[:PAGE_SIZE]
        older = f"?after={shown[-1].id}" if len(accounts) > PAGE_SIZE else None
        page = AccountsPage(
            viewer_of(visitor, self.csrf),
            shown,
            draft,
            older,
            notice,
            refusal.public if refusal else None,
        )
        return self.pages.response(page, status_of(refusal) if refusal else 200)

    def _done(self, what: str) -> Response:
        return see_other(f"{self.urls.local('/admin/accounts')}?done={what}")


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise Refusal("invalid_input", "There is no such role.") from None
