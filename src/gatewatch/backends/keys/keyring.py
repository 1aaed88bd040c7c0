"""The keys that sign tokens: of each algorithm one signs, and all that ever did verify."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from gatewatch.backends.database import Database, Row, Work
from gatewatch.backends.keys import store
from gatewatch.backends.keys.algorithms import (
    PrivateKey,
    PublicKey,
    from_der,
    generate,
    public_members,
    thumbprint,
    to_der,
)
from gatewatch.backends.keys.store import KeyState
from gatewatch.backends.keys.vault import Vault
from gatewatch.kernel.errors import ConfigurationError
from gatewatch.kernel.time import Clock
from gatewatch.settings import SigningAlgorithm

PURPOSE: Final = "signing key"
"""What private keys are sealed for."""

REFRESH_INTERVAL: Final = timedelta(seconds=5)
"""How often at most a key that nobody knows makes the database be read."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key; `id` is its thumbprint, and the ``kid`` of what it signs (RFC 7638)."""

    id: str
    algorithm: SigningAlgorithm
    state: KeyState
    public_jwk: Mapping[str, str]
    private: PrivateKey
    public: PublicKey


Witness = Callable[[Work, SigningKey], Awaitable[None]]
"""Told of a new key within the transaction that keeps it; awaits nothing but its statements."""


class Keyring:
    """Holds the keys of the database in memory."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._keys: dict[str, SigningKey] = {}
        self._loading = asyncio.Lock()

    async def open(
        self, *algorithms: SigningAlgorithm, witness: Witness | None = None
    ) -> tuple[SigningKey, ...]:
        """Load the keys, and make one for each of these algorithms that has none.

        Returns the keys that were made here; of several processes, one makes each.

        Raises:
            ConfigurationError: the database was sealed with another secret key.
        """
        await self._recognise()
        await self._load()
        missing = [algorithm for algorithm in algorithms if self._current(algorithm) is None]
        made = [key for each in missing if (key := await self._make(each, witness))]
        if missing:
            await self._load()
        return tuple(made)

    def current(self, algorithm: SigningAlgorithm) -> SigningKey:
        """The key that signs with this algorithm, which `open` was given."""
        key = self._current(algorithm)
        if key is None:
            raise LookupError(f"no key signs with {algorithm}")
        return key

    def by_id(self, key_id: str) -> SigningKey | None:
        """The key of this ``kid``, if it is ours."""
        return self._keys.get(key_id)

    def public_jwks(self) -> dict[str, list[Mapping[str, str]]]:
        """The JWK Set to publish (RFC 7517 section 5); it has no private member."""
        return {"keys": [key.public_jwk for key in self._keys.values()]}

    async def refresh(self) -> None:
        """Load the keys again, for one that another process made; at most now and then."""
        async with self._loading:
            if self._clock.now() - self._loaded_at >= REFRESH_INTERVAL:
                await self._load()

    def _current(self, algorithm: SigningAlgorithm) -> SigningKey | None:
        for key in self._keys.values():
            if key.algorithm is algorithm and key.state is KeyState.CURRENT:
                return key
        return None

    async def _recognise(self) -> None:
        ours = self._vault.check_value()
        if ours != await store.say_once(self._database, "secret_key_check", ours):
            raise ConfigurationError(
                [
                    (
                        "GATEWATCH_SECRET_KEY is not the key that this database was made with; "
                        "give that one (if it was never set, it is in the file secret_key of the "
                        "data directory of the time)."
                    )
                ]
            )

    async def _load(self) -> None:
        self._loaded_at = self._clock.now()
        keys = [self._unsealed(row) for row in await store.all_keys(self._database)]
        self._keys = {key.id: key for key in keys}

    async def _make(
        self, algorithm: SigningAlgorithm, witness: Witness | None
    ) -> SigningKey | None:
        private = await asyncio.to_thread(generate, algorithm)
        key = _named(private, algorithm)
        sealed = self._vault.seal(PURPOSE, to_der(private), key.id)
        async with self._database.work() as work:
            added = await store.add_current(
                work,
                key_id=key.id,
                algorithm=algorithm,
                private_key=sealed,
                public_jwk=key.public_jwk,
                now=self._clock.now(),
            )
            if added and witness is not None:
                await witness(work, key)
        return key if added else None

    def _unsealed(self, row: Row) -> SigningKey:
        key_id, algorithm, state, sealed, public_jwk, *_ = row
        private = from_der(self._vault.open(PURPOSE, sealed, key_id))
        return SigningKey(
            key_id,
            SigningAlgorithm(algorithm),
            KeyState(state),
            public_jwk,
            private,
            private.public_key(),
        )


def _named(private: PrivateKey, algorithm: SigningAlgorithm) -> SigningKey:
    public = private.public_key()
    members = public_members(public)
    key_id = thumbprint(members)
    jwk: dict[str, Any] = {**members, "use": "sig", "alg": algorithm.value, "kid": key_id}
    return SigningKey(key_id, algorithm, KeyState.CURRENT, jwk, private, public)
