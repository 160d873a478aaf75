"""Runs become jobs, and their frames work."""
