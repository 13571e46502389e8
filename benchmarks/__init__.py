"""Speed, measured: ``make bench``.  Medians, with what was run, beside the named peer."""
