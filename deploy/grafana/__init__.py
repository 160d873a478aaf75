"""Grafana: the dashboard, generated from Python, and the files that provision it."""
