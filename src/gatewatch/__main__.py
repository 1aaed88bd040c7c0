"""``python -m gatewatch`` is ``gatewatch``."""

import sys

from gatewatch.cli.main import main

sys.exit(main())
