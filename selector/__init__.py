"""The desk: choose pictures, draw motion rectangles, write manifests. Never imports the fleet."""
