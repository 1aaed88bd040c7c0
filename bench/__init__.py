"""What a request costs: gatewatch beside a bare ASGI app and beside npm's oidc-provider."""
