"""Exit status 0 when a service's loop turns: `python deploy/docker/healthy.py NAME PORT`."""

import sys

from libs.local_stack.probes import service_works

if __name__ == "__main__":
    sys.exit(0 if service_works(sys.argv[1], int(sys.argv[2])) else 1)
