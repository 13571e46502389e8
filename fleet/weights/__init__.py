"""Weights of models: where they lie, what they may hold, how they get there."""
