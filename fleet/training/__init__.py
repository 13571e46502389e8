"""How the weights in this repository were made: ``python -m fleet.training``."""
