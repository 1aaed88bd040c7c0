"""Discovery: how a program finds everything else, knowing the issuer alone."""
