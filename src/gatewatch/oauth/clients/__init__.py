"""Clients: the programs that may ask for tokens."""
