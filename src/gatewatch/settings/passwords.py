"""Passwords: what they cost to check, and how many are checked at once."""

from dataclasses import dataclass
from typing import Annotated, Final

from gatewatch.settings.declare import Setting
from gatewatch.settings.forms import whole

PASSWORD_MIN_LENGTH: Final = 12
"""Characters (IdentSphere's guide)."""

PASSWORD_MAX_LENGTH: Final = 256
"""Characters (IdentSphere's guide); what is longer is refused before it is hashed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordSettings:
    """Password hashing with Argon2id (RFC 9106)."""

    memory_kib: Annotated[
        int,
        Setting(
            "GATEWATCH_ARGON2_MEMORY_KIB",
            whole(8, 2**22),
            "Memory of one password hash in KiB (OWASP Password Storage Cheat Sheet).",
        ),
    ] = 19_456
    iterations: Annotated[
        int,
        Setting(
            "GATEWATCH_ARGON2_ITERATIONS",
            whole(1, 100),
            "Passes of one password hash (OWASP Password Storage Cheat Sheet).",
        ),
    ] = 2
    parallelism: Annotated[
        int,
        Setting(
            "GATEWATCH_ARGON2_PARALLELISM",
            whole(1, 64),
            "Lanes of one password hash (OWASP Password Storage Cheat Sheet).",
        ),
    ] = 1
    threads: Annotated[
        int,
        Setting(
            "GATEWATCH_HASH_THREADS",
            whole(0, 256),
            "Passwords hashed at once by one worker; 0 is the machine's cores divided by "
            "GATEWATCH_WORKERS, at least 1.",
        ),
    ] = 0
    queue: Annotated[
        int,
        Setting(
            "GATEWATCH_HASH_QUEUE",
            whole(1, 100_000),
            "Password hashes of one worker that may wait for a thread; beyond, sign-ins are "
            "answered 503 with Retry-After.",
        ),
    ] = 64
