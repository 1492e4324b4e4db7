"""LOC ladders at work: orders wait for one, it is sent, replaced, and settled after the close."""
