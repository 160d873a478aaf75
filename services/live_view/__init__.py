"""The service that shows: the run-stats page, its API and its live updates. Reads only."""
