"""How fast samples come, and what keeps a training waiting for them."""
