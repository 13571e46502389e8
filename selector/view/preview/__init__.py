"""Preview: the move as the fleet will render it, played beside where it is drawn."""
