"""Loopback ports."""

import socket


def free_port() -> int:
    """Return a port that nothing on 127.0.0.1 listens on now.

    Somebody else may take it before you do: whoever starts a server on it tries again.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
