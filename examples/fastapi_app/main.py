"""Notes, behind a sign-in: FastAPI with gatewatch below /auth."""

from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI

from gatewatch import Auth, Role, Settings, SignedIn
from gatewatch.integrations.fastapi import current_account, require

settings = Settings.load(
    issuer="http://localhost:8000/auth",  # where people reach gatewatch
    data_dir=Path(__file__).parent / "var",  # where it keeps its database
)
auth = Auth(settings)

app = FastAPI(lifespan=auth.lifespan)
app.mount("/auth", auth.asgi())
app.routes.extend(auth.well_known_routes())

Person = Annotated[SignedIn, Depends(current_account(auth))]
Admin = Annotated[SignedIn, Depends(require(auth, Role.ADMIN))]

notes: dict[str, list[str]] = {}


@app.get("/notes")
async def read_notes(person: Person) -> list[str]:
    return notes.get(person.account.email, [])


@app.post("/notes", status_code=201)
async def add_note(text: str, person: Person) -> list[str]:
    mine = notes.setdefault(person.account.email, [])
    mine.append(text)
    return mine


@app.get("/authors")
async def list_authors(_admin: Admin) -> list[str]:
    return sorted(notes)
