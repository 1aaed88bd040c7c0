"""Accounts."""

from dataclasses import dataclass
from typing import ClassVar

from gatewatch.catalogue.event import Event, Personal, ResourceType, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCreated(Event):
    """An account was created."""

    type: ClassVar[str] = "USER_CREATED"
    action: ClassVar[str] = "users.created"
    resource: ClassVar[ResourceType | None] = ResourceType.ACCOUNT
    resource_id: ClassVar[str | None] = "account_id"
    resource_name: ClassVar[str | None] = "email"
    account_id: str
    email: Personal
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDisabled(Event):
    """An account was disabled: it cannot sign in, and what it held stopped working."""

    type: ClassVar[str] = "USER_DISABLED"
    action: ClassVar[str] = "users.disabled"
    severity: ClassVar[Severity] = Severity.WARNING
    resource: ClassVar[ResourceType | None] = ResourceType.ACCOUNT
    resource_id: ClassVar[str | None] = "account_id"
    resource_name: ClassVar[str | None] = "email"
    account_id: str
    email: Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEnabled(Event):
    """A disabled account may sign in again."""

    type: ClassVar[str] = "USER_ENABLED"
    action: ClassVar[str] = "users.enabled"
    resource: ClassVar[ResourceType | None] = ResourceType.ACCOUNT
    resource_id: ClassVar[str | None] = "account_id"
    resource_name: ClassVar[str | None] = "email"
    account_id: str
    email: Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordRehashed(Event):
    """A password was hashed anew at sign-in, because the cost had been changed."""

    type: ClassVar[str] = "PASSWORD_REHASHED"
    action: ClassVar[str] = "users.password_rehashed"
    resource: ClassVar[ResourceType | None] = ResourceType.ACCOUNT
    resource_id: ClassVar[str | None] = "account_id"
    account_id: str


EVENTS = (AccountCreated, AccountDisabled, AccountEnabled, PasswordRehashed)
