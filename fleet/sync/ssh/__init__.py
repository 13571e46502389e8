"""Reaching a host: OpenSSH's own configuration, strict host keys, commands over a channel."""
