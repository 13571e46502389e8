"""This side of a sync: what to send, what to fetch, where it belongs, what waits for later."""
