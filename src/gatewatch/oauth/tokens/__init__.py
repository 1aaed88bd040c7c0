"""Tokens: issued, refreshed, asked about, revoked."""
