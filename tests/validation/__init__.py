"""Is the fast lane right? Sets of frames with known truth, its answers, stock DIALS's, and goals.

`python -m tests.validation` prints each figure against its goal.
"""
