"""Sessions: who is signed in, where, and until when."""
