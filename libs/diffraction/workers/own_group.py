"""Imported by the fork server only: it leaves the process group of the service.

A Ctrl-C or a supervisor's signal to the group then reaches the service alone, which ends its
workers itself; otherwise frames would look crashed while the service shuts down in order.
"""

import os

os.setpgrp()
