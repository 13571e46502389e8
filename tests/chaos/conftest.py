"""What tests of broken syncs share: a host to sync with."""

from tests.fleet.sync.conftest import host

__all__ = ["host"]
