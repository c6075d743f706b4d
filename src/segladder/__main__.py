"""`python -m segladder <command> …` is `segladder <command> …`."""

import sys

from segladder.commands import main

sys.exit(main())
