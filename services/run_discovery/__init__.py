"""run_discovery: watches folders and announces runs and their frames on the runs topic."""
