"""The nightly sync as the machine's own scheduler runs it: launchd on a Mac, systemd on Linux."""
