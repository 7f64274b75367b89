"""`python -m tfmfa_nb.app`."""

import sys

from tfmfa_nb.app import main

sys.exit(main())
