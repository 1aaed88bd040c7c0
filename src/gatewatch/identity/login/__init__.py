"""Login: evidence in, next step out."""
