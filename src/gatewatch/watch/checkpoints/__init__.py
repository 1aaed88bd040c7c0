"""What anybody may see of the sealed audit log: its signed checkpoints, and the key."""
