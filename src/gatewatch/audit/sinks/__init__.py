"""Where events are delivered to: each kind of receiver, and what each was told so far."""
