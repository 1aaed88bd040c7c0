"""Passwords: the first factor."""
