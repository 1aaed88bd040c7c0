"""Keys: the installation's own, those that sign tokens, and the tokens they sign."""
