"""What the server says of itself: numbers and lines."""
