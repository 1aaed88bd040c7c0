"""URLs come from the issuer."""

import pytest

from gatewatch.http.urls import METADATA, Urls


@pytest.mark.parametrize(
    ("issuer", "on_host", "ours"),
    [
        ("https://example.com", "/login", "/login"),
        ("https://example.com", "/auth/login", "/auth/login"),
        ("https://example.com/auth", "/auth/login", "/login"),
        ("https://example.com/auth", "/auth/", "/"),
        ("https://example.com/auth", "/auth", "/"),
        ("https://example.com/auth", "/author", "/author"),
        ("https://example.com/auth", "/auth/auth/login", "/auth/login"),
        ("https://example.com/auth", "/login", "/login"),
        ("https://example.com/in/auth", "/in/auth/login", "/login"),
        ("https://example.com/in/auth", "/auth/login", "/login"),
        ("https://example.com/in/auth", "/login", "/login"),
        ("https://example.com/in/auth", "/in/login", "/in/login"),
        ("https://example.com", METADATA, METADATA),
        ("https://example.com/auth", METADATA, METADATA),
        ("https://example.com/auth", f"/auth{METADATA}", METADATA),
        ("https://example.com/auth", f"{METADATA}/auth", METADATA),
        ("https://example.com/auth", f"{METADATA}/other", f"{METADATA}/other"),
    ],
)
def test_a_path_on_the_host_means_one_of_ours(issuer: str, on_host: str, ours: str) -> None:
    assert Urls(issuer).ours(on_host) == ours
