"""Pictures and clips for the screen: decoded in threads and processes, cached; no widgets."""
