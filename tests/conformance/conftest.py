"""A site to judge by the letter of the standards."""

from tests.kit.site import site

__all__ = ["site"]
