"""gatewatch: a self-hosted sign-in system that watches itself."""
