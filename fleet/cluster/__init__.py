"""The Ray cluster: starting the embedded one, workers, and what Ray's failures mean."""
