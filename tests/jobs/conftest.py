"""An office on each engine."""

from tests.kit.house import home, house_url
from tests.kit.office import office

__all__ = ["home", "house_url", "office"]
