"""What every kind of sink does: take events, in order, and say whether it has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final, Protocol

from gatewatch.audit.formats import Document, Format, Observer, Record, document, encoded

ANSWER_SECONDS: Final = 10.0
"""How long a receiver has to connect, and to answer; less than the lease on a sink lasts."""

ERROR_LENGTH: Final = 500
"""Characters kept of what a receiver says is wrong."""


class NotDelivered(Exception):
    """The receiver is away, overloaded, or turns us away: the same again, later."""

    def __init__(self, why: str, *, retry_after: float | None = None) -> None:
        super().__init__(why[:ERROR_LENGTH])
        self.retry_after = retry_after
        """Seconds that the receiver asked us to wait, if it did."""


class NotAccepted(Exception):
    """The receiver is well and will not have this: some event in it is at fault, or we are."""

    def __init__(self, why: str) -> None:
        super().__init__(why[:ERROR_LENGTH])


class Delivery(StrEnum):
    """How sure it is that a receiver has what it was sent."""

    ACKNOWLEDGED = "acknowledged"
    """It said so."""
    SENT = "sent"
    """Its machine has it; the protocol has no receipt."""


@dataclass(frozen=True)
class Parcel:
    """An event on its way, written once in the words of the sink's format."""

    record: Record
    form: Format
    observer: Observer

    @cached_property
    def document(self) -> Document | str:
        """The event as an object, or as text where the format is text."""
        return document(self.form, self.record, self.observer)

    @cached_property
    def line(self) -> bytes:
        """The event as one line of UTF-8, without its end."""
        return encoded(self.document)


class Sink(Protocol):
    """One receiver. It belongs to one task, and holds its own connections."""

    async def deliver(self, parcels: Sequence[Parcel]) -> Delivery:
        """Hand over events; on return the receiver has all of them.

        Raises:
            NotDelivered: it may have some, and is to get all of them again.
            NotAccepted: it will not have them together; one alone is not wanted for good.
        """
        ...

    async def close(self) -> None:
        """Disconnect."""
        ...
