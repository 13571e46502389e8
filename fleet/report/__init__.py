"""Reports: what a submission made, for people to look at."""
