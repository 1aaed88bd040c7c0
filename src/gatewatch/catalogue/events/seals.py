"""The audit log, sealed: what its seals begin with, and what they bring to light."""

from dataclasses import dataclass
from typing import ClassVar

from gatewatch.catalogue.event import Durability, Event, ResourceType, Severity, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSealingBegan(Event):
    """The audit log was sealed for the first time, with a key made for it."""

    type: ClassVar[str] = "AUDIT_SEALING_BEGAN"
    action: ClassVar[str] = "audit.sealing_began"
    severity: ClassVar[Severity] = Severity.WARNING
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_LOG
    resource_id: ClassVar[str | None] = "origin"
    origin: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRolledBack(Event):
    """The audit log is not what was signed: a backup was restored, or seals were tampered with."""

    type: ClassVar[str] = "AUDIT_LOG_ROLLED_BACK"
    action: ClassVar[str] = "audit.rolled_back"
    severity: ClassVar[Severity] = Severity.CRITICAL
    status: ClassVar[Status] = Status.FAILURE
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_LOG
    resource_id: ClassVar[str | None] = "origin"
    origin: str
    """The tree that begins with this event."""
    reason: str
    found: str
    """The tree that was found, as `origin size`."""
    signed: str | None
    """The last checkpoint that is known to have been signed, as `origin size root`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditGapFound(Event):
    """Events are missing that were rows of the audit log before they could be sealed."""

    type: ClassVar[str] = "AUDIT_GAP_FOUND"
    action: ClassVar[str] = "audit.gap_found"
    severity: ClassVar[Severity] = Severity.CRITICAL
    durability: ClassVar[Durability] = Durability.SPOOLED
    status: ClassVar[Status] = Status.FAILURE
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_LOG
    resource_id: ClassVar[str | None] = "emitter"
    emitter: str
    missing: int
    sequences: tuple[int, ...]
    """The numbers that are not there; a change that came to nothing uses one up, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditVerified(Event):
    """Someone had the sealed audit log verified."""

    type: ClassVar[str] = "AUDIT_LOG_VERIFIED"
    action: ClassVar[str] = "audit.verified"
    durability: ClassVar[Durability] = Durability.SPOOLED
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_LOG
    sound: bool
    events: int
    findings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditProofTaken(Event):
    """Someone took events out of the audit log with the proof of them."""

    type: ClassVar[str] = "AUDIT_PROOF_TAKEN"
    action: ClassVar[str] = "audit.proof_taken"
    durability: ClassVar[Durability] = Durability.SPOOLED
    resource: ClassVar[ResourceType | None] = ResourceType.AUDIT_LOG
    event_id: str | None
    """The event of a receipt; None where evidence of all events was taken."""


EVENTS = (AuditSealingBegan, AuditRolledBack, AuditGapFound, AuditVerified, AuditProofTaken)
