"""The columns every table is made of: one spelling in Python, one per engine."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import DateTime, LargeBinary, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from gatewatch.backends.database.dialect import AnyType, Processor

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)
"""Every table of gatewatch, once the slices' stores are imported."""


class Moment(TypeDecorator[datetime]):
    """An aware datetime in UTC.

    SQLite keeps ``YYYY-MM-DD HH:MM:SS.ffffff``, which sorts by time and compares with
    ``datetime('now')``; Postgres keeps ``timestamptz``.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> AnyType:
        kind: AnyType = Text() if dialect.name == "sqlite" else TIMESTAMP(timezone=True)
        return dialect.type_descriptor(kind)

    def bind_processor(self, dialect: Dialect) -> Processor:
        return _moment_to_text if dialect.name == "sqlite" else _aware

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor | None:  # noqa: ARG002
        return _text_to_moment if dialect.name == "sqlite" else None


class Document(TypeDecorator[dict[str, Any]]):
    """A JSON object: text on SQLite, ``jsonb`` on Postgres."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> AnyType:
        kind: AnyType = Text() if dialect.name == "sqlite" else JSONB()
        return dialect.type_descriptor(kind)

    def bind_processor(self, dialect: Dialect) -> Processor:  # noqa: ARG002
        return _document_to_text

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:  # noqa: ARG002
        return _text_to_document


class Digest(TypeDecorator[bytes]):
    """Bytes, such as the SHA-256 at which a secret rests."""

    impl = LargeBinary
    cache_ok = True


def _moment_to_text(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    if moment.tzinfo is not UTC:
        moment = _aware(moment).astimezone(UTC)
    return moment.isoformat(" ", "microseconds")[:26]


def _text_to_moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text + "+00:00")


def _aware(moment: Any) -> Any:
    if moment is not None and moment.tzinfo is None:
        raise ValueError(f"a moment needs its time zone: {moment!r}")
    return moment


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode


def _document_to_text(document: Any) -> str | None:
    return None if document is None else _encode(document).decode()


def _text_to_document(text: str | None) -> Any:
    return None if text is None else _decode(text)
