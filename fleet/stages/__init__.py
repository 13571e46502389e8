"""The three stages of a shot: generate and finish on workers, publish on the head."""
