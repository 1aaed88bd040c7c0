"""The throttle: counts failures where all processes see them, and says when they are too many."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from gatewatch.audit.journal import Journal
from gatewatch.backends.ephemeral.port import Ephemeral
from gatewatch.catalogue.events.login import RateLimitExceeded
from gatewatch.catalogue.outcomes import ThrottleSubject
from gatewatch.identity.throttle import rules
from gatewatch.identity.throttle.rules import Standing
from gatewatch.kernel.actor import ANONYMOUS, Actor, Origin
from gatewatch.kernel.secrets import Entropy, digest, url_token

REPORTED_EVERY: Final = timedelta(minutes=1)
"""Between two events about one who is blocked: an attack must not flood the journal."""


@dataclass(frozen=True, slots=True)
class Throttle:
    """Slows guessing down. `limits` are the failures allowed within `window`."""

    ephemeral: Ephemeral
    journal: Journal
    entropy: Entropy
    limits: Mapping[ThrottleSubject, int]
    window: timedelta

    async def admit(
        self,
        subject: ThrottleSubject,
        key: str,
        *,
        actor: Actor = ANONYMOUS,
        origin: Origin,
    ) -> Standing:
        """Say whether an attempt may be looked at; who is blocked is reported now and then.

        An attempt that is blocked does not count: waiting always helps.
        """
        limit = self.limits[subject]
        counted = await self.ephemeral.counted(_name(subject, key), window=self.window)
        standing = rules.judge(counted.n, limit, retry_after=counted.falls_below(limit))
        if standing.is_blocked:
            await self._report(subject, key, standing, actor, origin)
        return standing

    async def failed(self, subject: ThrottleSubject, key: str) -> Standing:
        """Count a failure, and say how it leaves them.

        The one that reaches the limit was still admitted: only those beyond it are blocked, such
        as were being looked at together with others.
        """
        limit = self.limits[subject]
        counted = await self.ephemeral.count(_name(subject, key), window=self.window)
        return rules.judge(counted.n - 1, limit, retry_after=counted.falls_below(limit))

    async def forgive(self, subject: ThrottleSubject, key: str) -> None:
        """Forget the failures of someone who has proved to be in the right."""
        await self.ephemeral.forget(_name(subject, key))

    async def _report(
        self, subject: ThrottleSubject, key: str, standing: Standing, actor: Actor, origin: Origin
    ) -> None:
        name, holder = f"{_name(subject, key)}:reported", url_token(self.entropy)
        if await self.ephemeral.lease(name, holder, REPORTED_EVERY):
            exceeded = RateLimitExceeded(subject=subject, retry_after=standing.retry_after)
            self.journal.spool(exceeded, actor=actor, origin=origin)


def _name(subject: ThrottleSubject, key: str) -> str:
    """What failures are kept under: of one length, and without what somebody typed."""
    return f"throttle:{subject.value}:{digest(key).hex()}"
