"""What the slices need to know of a driver's errors, whichever driver it was."""

from gatewatch.kernel.errors import GatewatchError


class Taken(GatewatchError):
    """A value that only one row may have is another row's already; nothing was written."""
