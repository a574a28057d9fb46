"""``python -m seqgen.cli``."""

import sys

from seqgen.cli.entry import main

sys.exit(main())
