"""The ledger: the durable record of manifests, shots, jobs, attempts, events and artifacts."""
