"""Notes, behind a sign-in: Litestar with gatewatch below /auth."""

from pathlib import Path

from litestar import Litestar, get, post
from litestar.di import NamedDependency, Provide

from gatewatch import Auth, Role, Settings, SignedIn
from gatewatch.integrations.litestar import current_account, mount, require, well_known

settings = Settings.load(
    issuer="http://localhost:8000/auth",  # where people reach gatewatch
    data_dir=Path(__file__).parent / "var",  # where it keeps its database
)
auth = Auth(settings)
signed_in = {"person": Provide(current_account(auth))}

notes: dict[str, list[str]] = {}


@get("/notes", dependencies=signed_in)
async def read_notes(person: NamedDependency[SignedIn]) -> list[str]:
    return notes.get(person.account.email, [])


@post("/notes", dependencies=signed_in)
async def add_note(text: str, person: NamedDependency[SignedIn]) -> list[str]:
    mine = notes.setdefault(person.account.email, [])
    mine.append(text)
    return mine


@get("/authors", guards=[require(auth, Role.ADMIN)])
async def list_authors() -> list[str]:
    return sorted(notes)


app = Litestar(
    route_handlers=[read_notes, add_note, list_authors, mount(auth), *well_known(auth)],
    lifespan=[auth.lifespan],
)
