"""Words everyone may use; standard library only."""
