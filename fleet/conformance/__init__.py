"""Holding other implementations of the contract against its public suite, ``tests/golden``."""
