"""A house on each engine."""

from tests.kit.house import home, house_url

__all__ = ["home", "house_url"]
