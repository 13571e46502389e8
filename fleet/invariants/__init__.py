"""The promise, taken at its word: what must be true of ledger, disk and events, and its repair."""
