"""OAuth and OpenID Connect on the wire; standard library only; no server in it."""
