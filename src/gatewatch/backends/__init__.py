"""The outside world: the database, keys, password hashing, short-lived state, telemetry."""
