"""The journal: every event that happened, kept once, and found again."""
