"""What the operator sees and presses; decisions are made in ``core``."""
