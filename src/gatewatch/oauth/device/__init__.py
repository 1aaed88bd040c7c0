"""Signing in on a device without a keyboard (RFC 8628)."""
