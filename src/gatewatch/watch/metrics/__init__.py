"""The metrics, for whoever may scrape them."""
