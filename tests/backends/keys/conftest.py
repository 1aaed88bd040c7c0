from datetime import UTC, datetime

import pytest

from gatewatch.backends.database import Database
from gatewatch.backends.database.migrate import up
from gatewatch.backends.keys.keyring import Keyring
from gatewatch.backends.keys.vault import Vault
from gatewatch.kernel.secrets import Secret
from gatewatch.kernel.time import FixedClock


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request, tmp_path):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/gatewatch.db"
    else:
        url = request.getfixturevalue("postgres_url")
    up(url)
    return url


@pytest.fixture
async def database(url):
    database = Database.build(url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def clock():
    return FixedClock(datetime(2026, 2, 8, 10, tzinfo=UTC))


@pytest.fixture
def vault():
    return Vault(Secret("0123456789abcdefghijklmnopqrstuvwxyz"))


@pytest.fixture
def keyring(database, vault, clock):
    return Keyring(database, vault, clock)
