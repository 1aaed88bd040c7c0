"""TLS as a client: the receiver is always verified."""

import os
import ssl
import tempfile

from gatewatch.kernel.errors import ConfigurationError


def context(authorities: str | None, certificate: str | None) -> ssl.SSLContext:
    """Trust the system's authorities, or those given; show a certificate if there is one.

    Both are PEM; the certificate is followed by its key.

    Raises:
        ConfigurationError: one of them is no PEM, or the key is another certificate's.
    """
    try:
        made = ssl.create_default_context(cadata=authorities)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate is not None:
            _show(made, certificate)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigurationError([f"The certificate cannot be used: {error}."]) from error
    return made


def _show(made: ssl.SSLContext, certificate: str) -> None:
    """Load a certificate, which OpenSSL takes from a file alone; nobody else can read that."""
    descriptor, path = tempfile.mkstemp(prefix="gatewatch-")
    try:
        os.write(descriptor, certificate.encode())
        made.load_cert_chain(path)
    finally:
        os.close(descriptor)
        os.unlink(path)  # noqa: PTH108 - a name that mkstemp gave as text
