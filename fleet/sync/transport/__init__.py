"""Moving the bytes of named files to a host and back; whether they are right is told by hashes."""
