"""Events that are declared, but that nothing records yet. This list must become empty.

Each name was promised by a guide, and the capability that records it is still to come. A test
fails when an event listed here is recorded, or when one that is not listed is not.
"""

from typing import Final

from gatewatch.catalogue.event import Event
from gatewatch.catalogue.events.clients import (
    ClientDeleted,
    ClientSecretRegenerated,
    ClientUpdated,
)
from gatewatch.catalogue.events.login import MfaDisabled, UpstreamLoginSucceeded
from gatewatch.catalogue.events.tokens import TokenDisabled, TokenEnabled

NOT_YET_RECORDED: Final[frozenset[type[Event]]] = frozenset(
    {
        ClientDeleted,
        ClientSecretRegenerated,
        ClientUpdated,
        MfaDisabled,
        TokenDisabled,
        TokenEnabled,
        UpstreamLoginSucceeded,
    }
)
