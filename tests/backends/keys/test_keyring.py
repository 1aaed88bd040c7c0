import subprocess
import sys

import pytest
from joserfc.jwk import KeySet

from gatewatch.backends.database import Database
from gatewatch.backends.keys.keyring import Keyring
from gatewatch.backends.keys.vault import Vault
from gatewatch.kernel.errors import ConfigurationError
from gatewatch.kernel.secrets import Secret
from gatewatch.settings import SigningAlgorithm

ES256 = SigningAlgorithm.ES256


async def test_the_first_key_is_made_once_and_found_again(database, vault, clock, keyring):
    (made,) = await keyring.open(ES256)
    assert keyring.current(ES256).id == made.id
    again = Keyring(database, vault, clock)
    assert await again.open(ES256) == ()
    assert again.current(ES256).id == made.id
    assert again.by_id(made.id).public_jwk == made.public_jwk


async def test_a_new_key_and_what_is_recorded_of_it_are_one_transaction(keyring):
    told = []

    async def witness(work, key):
        told.append(key.id)
        raise OSError("the journal is full")

    with pytest.raises(OSError, match="full"):
        await keyring.open(ES256, witness=witness)
    made = await keyring.open(ES256)
    assert len(made) == 1
    assert made[0].id not in told


@pytest.mark.parametrize("algorithm", SigningAlgorithm)
async def test_a_kid_is_the_thumbprint_that_others_compute(keyring, algorithm):
    await keyring.open(algorithm)
    (jwk,) = keyring.public_jwks()["keys"]
    (key,) = KeySet.import_key_set(keyring.public_jwks()).keys
    assert key.thumbprint() == jwk["kid"] == keyring.current(algorithm).id
    assert not key.is_private
    assert jwk["alg"] == algorithm
    assert jwk["use"] == "sig"
    assert not jwk.keys() & {"d", "p", "q", "dp", "dq", "qi", "k"}


async def test_a_private_key_is_in_the_database_under_seal(database, keyring, clock):
    (made,) = await keyring.open(ES256)
    secret = made.private.private_numbers().private_value.to_bytes(32)
    [row] = await _rows(database)
    assert secret not in row[3]
    other = Vault(Secret("zyxwvutsrqponmlkjihgfedcba9876543210"))
    with pytest.raises(ConfigurationError) as caught:
        await Keyring(database, other, clock).open(ES256)
    assert "GATEWATCH_SECRET_KEY" in caught.value.problems[0]


async def test_a_key_of_another_node_is_found_when_it_is_met(database, vault, clock, keyring):
    await keyring.open(ES256)
    elsewhere = Keyring(database, vault, clock)
    (made,) = await elsewhere.open(SigningAlgorithm.EDDSA)
    await keyring.refresh()
    assert keyring.by_id(made.id) is None  # it was read a moment ago
    clock.advance(seconds=5)
    await keyring.refresh()
    assert keyring.by_id(made.id).public_jwk == made.public_jwk


def test_processes_that_start_at_once_agree_on_one_key(url):
    started = [
        subprocess.Popen([sys.executable, "-c", _OPEN, url], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    answers = [process.communicate()[0].split() for process in started]
    assert len({kid for kid, _ in answers}) == 1
    assert sorted(made for _, made in answers) == ["0", "0", "0", "1"]


async def _rows(database: Database):
    from gatewatch.backends.keys import store

    return await store.all_keys(database)


_OPEN = """
import asyncio, sys
from gatewatch.backends.database import Database
from gatewatch.backends.keys.keyring import Keyring
from gatewatch.backends.keys.vault import Vault
from gatewatch.kernel.secrets import Secret
from gatewatch.kernel.time import SystemClock
from gatewatch.settings import SigningAlgorithm

async def main():
    database = Database.build(sys.argv[1])
    await database.open()
    vault = Vault(Secret("0123456789abcdefghijklmnopqrstuvwxyz"))
    keyring = Keyring(database, vault, SystemClock())
    made = await keyring.open(SigningAlgorithm.ES256)
    print(keyring.current(SigningAlgorithm.ES256).id, len(made))
    await database.close()

asyncio.run(main())
"""
