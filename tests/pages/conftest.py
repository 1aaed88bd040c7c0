"""A server, and its visitors."""

from tests.pages.visitor import ada, auth, clock, grace, visitor

__all__ = ["ada", "auth", "clock", "grace", "visitor"]
