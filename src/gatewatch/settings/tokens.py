"""Tokens: their signature and their lives."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from gatewatch.settings.declare import Setting
from gatewatch.settings.forms import one_of, seconds


class SigningAlgorithm(StrEnum):
    """How access tokens are signed (RFC 7518 section 3.1, RFC 8037 section 3.1)."""

    ES256 = "ES256"
    RS256 = "RS256"
    EDDSA = "EdDSA"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings:
    """Access and refresh tokens."""

    signing_algorithm: Annotated[
        SigningAlgorithm,
        Setting(
            "GATEWATCH_SIGNING_ALGORITHM",
            one_of(SigningAlgorithm),
            "The signature of access tokens; a change makes a new key and keeps the old one for "
            "verifying.",
        ),
    ] = SigningAlgorithm.ES256
    access_expiry: Annotated[
        timedelta,
        Setting(
            "GATEWATCH_ACCESS_EXPIRY_SECS",
            seconds(1),
            "How long an access token is good for, in seconds.",
        ),
    ] = timedelta(seconds=900)
    refresh_expiry: Annotated[
        timedelta,
        Setting(
            "GATEWATCH_REFRESH_EXPIRY_SECS",
            seconds(1),
            "How long a family of refresh tokens is good for, in seconds from the first.",
        ),
    ] = timedelta(seconds=2_592_000)
