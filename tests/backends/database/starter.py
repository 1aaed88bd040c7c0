"""A process that migrates on starting: `starter.py URL` says the revision it finds itself at."""

import sys

from gatewatch.backends.database import migrate

if __name__ == "__main__":
    sys.stdout.write(f"{migrate.up(sys.argv[1]).current}\n")
