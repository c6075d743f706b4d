"""Small parts for the tests' configs, built without torch; one module that a config may not reach."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: F401  (a foreign class within reach)
from typing import Any

from segladder.types import UserError


@dataclass(frozen=True)
class Facts:
    classes: int


class Net:
    """Keeps what it was built with."""

    def __init__(self, depth: int = 3, width: float = 1.0, num_classes: int | None = None, info: Any = None) -> None:
        if depth > 9:
            raise UserError(f"depth is {depth}; give at most 9.")
        if depth < 0:
            raise TypeError("our own mistake")
        self.depth, self.width, self.num_classes, self.info = depth, width, num_classes, info


class Wrap:
    def __init__(self, net: Net, options: dict[str, Any] | None = None) -> None:
        self.net, self.options = net, options


class Term:
    def __init__(self, smooth: float = 0.0) -> None:
        self.smooth = smooth


def make_net(depth: int = 1) -> Net:
    return Net(depth)
