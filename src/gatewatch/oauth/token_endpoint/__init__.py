"""The token endpoint: where every grant ends."""
