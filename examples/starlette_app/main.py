"""Notes, behind a sign-in: Starlette with gatewatch's routes among its own."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gatewatch import Auth, Role, Settings
from gatewatch.integrations.starlette import current_account, require

settings = Settings.load(
    issuer="http://localhost:8000",  # where people reach gatewatch: at the root
    data_dir=Path(__file__).parent / "var",  # where it keeps its database
)
auth = Auth(settings)

notes: dict[str, list[str]] = {}


async def read_notes(request: Request) -> Response:
    person = await current_account(auth, request)
    return JSONResponse(notes.get(person.account.email, []))


async def add_note(request: Request) -> Response:
    person = await current_account(auth, request)
    mine = notes.setdefault(person.account.email, [])
    mine.append(request.query_params["text"])
    return JSONResponse(mine, 201)


@require(auth, Role.ADMIN)
async def list_authors(_request: Request) -> Response:
    return JSONResponse(sorted(notes))


app = Starlette(
    routes=[
        Route("/notes", read_notes),
        Route("/notes", add_note, methods=["POST"]),
        Route("/authors", list_authors),
        *auth.routes(),
    ],
    lifespan=auth.lifespan,
)
