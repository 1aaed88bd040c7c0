"""Fixtures for every test."""

pytest_plugins = ["tests.kit.fixtures", "tests.kit.standing"]
