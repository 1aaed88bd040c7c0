"""The web toolkit: it knows HTTP, not the product."""
