"""Ready selections of the audit log, for those who have to show it to somebody."""

from enum import StrEnum
from typing import Final

from gatewatch.catalogue.event import Event, ResourceType, Severity, Status
from gatewatch.catalogue.events import EVENTS


class Selection(StrEnum):
    """What somebody asks to be shown."""

    SOC2 = "soc2"
    """Trust Services Criteria CC6 and CC7: who had access, who was refused, what was changed."""
    ISO27001 = "iso27001"
    """ISO/IEC 27001:2022, Annex A, controls 8.15 and 8.16: what security logs are to hold."""
    GDPR = "gdpr"
    """A person's request under Article 15: whatever they did, and what was done to them."""


_ACCESS: Final = {ResourceType.ACCOUNT, ResourceType.SESSION}
_CHANGE: Final = {
    ResourceType.CLIENT,
    ResourceType.KEY,
    ResourceType.SERVER,
    ResourceType.AUDIT_LOG,
    ResourceType.AUDIT_SINK,
}


def _is_of(selection: Selection, event: type[Event]) -> bool:
    remarkable = event.severity is not Severity.INFO or event.status is Status.FAILURE
    match selection:
        case Selection.SOC2:
            return remarkable or event.resource in _ACCESS | _CHANGE
        case Selection.ISO27001:
            granted = event.resource in {ResourceType.DEVICE_CODE, ResourceType.TOKEN}
            routine = granted and event.action.endswith(("_issued", "refreshed"))
            return remarkable or not routine
        case Selection.GDPR:
            return True


ACTIONS: Final = {
    selection: frozenset(event.action for event in EVENTS if _is_of(selection, event))
    for selection in Selection
}
"""The actions that each selection is made of."""
