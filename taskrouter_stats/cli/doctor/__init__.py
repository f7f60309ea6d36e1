"""``taskrouter-stats doctor``: what works, what the server says, what stays open."""
