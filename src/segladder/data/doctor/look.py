"""What is known of one sample once its files were read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

from segladder.data.doctor.findings import Finding
from segladder.data.doctor.image_look import ImageLook

Color = tuple[int, int, int]


@dataclass(kw_only=True)
class Look:
    """One sample: its image, what its label holds, and what is wrong with it by itself."""

    image: ImageLook | None = None
    """None where it cannot be read."""
    labelled: bool = False
    """Its label was read, whatever it holds."""
    pixels: dict[int, int] = field(default_factory=dict)
    """Class -> pixels."""
    ignored: int = 0
    unknown: dict[int, int] = field(default_factory=dict)
    """Label value that means nothing -> pixels."""
    values: dict[int, int] = field(default_factory=dict)
    """Label value as it stands -> pixels."""
    colors: dict[Color, int] = field(default_factory=dict)
    """Of a label that is a colour picture: colour -> pixels, the most frequent ones."""
    many_colors: bool = False
    """It has more than those."""
    findings: list[Finding] = field(default_factory=list)
    cure: dict[int, int | None] = field(default_factory=dict)
    """Label value as it stands -> class it is meant to be, None to ignore it; empty where values mean what they say."""
    explained: str = ""
    """The kind of finding that is the cause of whatever else is odd about its label."""


class View(Protocol):
    """The samples of one split, each looked at by itself."""

    def __len__(self) -> int: ...

    def image_id(self, index: int) -> str: ...

    def file(self, index: int) -> str:
        """The image's file, for people."""
        ...

    def label_file(self, index: int) -> str:
        """The label's, or the image's where there is none."""
        ...

    def look(self, index: int) -> Look:
        """Everything that the sample by itself tells; raises nothing."""
        ...

    def pictures(self, index: int) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
        """Image `(H, W, 3)` uint8, and its classes `(H, W)` int64 with -1 for values that mean nothing; None for what
        cannot be read."""
        ...
