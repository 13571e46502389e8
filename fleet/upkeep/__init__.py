"""A cluster that stays: brought up and down by a command, kept standing by a process of its own."""
