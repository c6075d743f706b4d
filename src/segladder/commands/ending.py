"""How a command ends: its exit code, and a sentence in place of a traceback for what its user did wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable

from segladder.types import UserError


def exit_code(work: Callable[[], int | None], *, stopped: str = "Stopped.") -> int:
    """Does the work; what it returns, 0 for nothing, 1 after an error told in a sentence, 130 after Ctrl-C.

    Args:
        work: the command.
        stopped: what is said after Ctrl-C.
    """
    try:
        return work() or 0
    except UserError as error:
        print(f"segladder: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(stopped, file=sys.stderr)
        return 130
