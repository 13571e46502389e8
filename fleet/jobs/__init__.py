"""Jobs as pure facts: states, legal steps, retry decisions, budgets.  No I/O, no clock."""
