"""Doors into other people's applications: FastAPI, Starlette, Litestar."""
