"""The fleet: from a manifest to published clips, through a durable ledger and two Ray pools."""
