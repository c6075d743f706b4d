"""Labels whose names are their images' with one more word, as `x_mask.png` beside `x.jpg`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

_TRIED = 3
"""Labels without an image whose names are looked at for the word."""


@dataclass(frozen=True)
class Affix:
    """What stands before and behind an image's name in that of its label."""

    before: str
    behind: str

    def label(self, image: str) -> str:
        """The stem of an image's label.

        Args:
            image: the image's stem, with its folder.
        """
        folder, slash, name = image.rpartition("/")
        return f"{folder}{slash}{self.before}{name}{self.behind}"

    def __str__(self) -> str:
        return " and ".join(f"'{one}'" for one in (self.before, self.behind) if one)


def common_affix(images: Collection[str], labels: Collection[str]) -> Affix | None:
    """What all these labels have around their images' names; None where they do not.

    Args:
        images: stems of images without a label.
        labels: stems of labels without an image.
    """
    for label in sorted(labels)[:_TRIED]:
        folder, slash, name = label.rpartition("/")
        inside = [
            image
            for image in images
            if image.startswith(f"{folder}{slash}") and "/" not in image[len(folder) + len(slash) :]
            if image[len(folder) + len(slash) :] in name
        ]
        if not inside:
            continue
        longest = max(inside, key=len)[len(folder) + len(slash) :]
        before, _, behind = name.partition(longest)
        affix = Affix(before, behind)
        apart = not before[-1:].isalnum() and not behind[:1].isalnum()
        if apart and {affix.label(image) for image in images} >= set(labels):
            return affix
    return None
