"""What the desk decides and writes, without a window: reusable by commands and by the app."""
