"""The throttle: how many failures are too many, for one account and from one address."""
