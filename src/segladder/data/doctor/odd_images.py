"""Images of another make-up than most, in channels, palette, alpha or bits, and what reading does to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from segladder.data.doctor.findings import Finding
from segladder.data.doctor.image_look import ImageLook
from segladder.data.doctor.look import Look
from segladder.data.doctor.survey import Split

_WORDS = {
    "1": "black and white",
    "L": "grey",
    "LA": "grey with alpha",
    "P": "palette",
    "PA": "palette with alpha",
    "RGBA": "RGB with alpha",
    "YCbCr": "RGB",
    "RGBX": "RGB",
    "I;16": "16-bit grey",
    "I": "32-bit whole numbers",
    "F": "floating point",
}
"""Pillow's modes for people; what is not here is called by its mode."""

_SAME = {"YCbCr": "RGB", "RGBX": "RGB", "1": "L"}
"""Modes of which nobody needs to know that they differ."""


def odd_images(
    splits: Sequence[tuple[Split, Sequence[Look]]], *, channels: int, narrow: bool, stated: bool
) -> list[Finding]:
    """Images of another depth than most, of channels that cannot become the others', or that can and differ.

    Args:
        splits: the splits and their looks.
        channels: that the reader gives the network.
        narrow: the data set says how many channels are wanted, so that more may be cut.
        stated: the reader's channels are the data set's own word, not those of its first image.
    """
    every = [(split, index, look.image) for split, looks in splits for index, look in enumerate(looks) if look.image]
    if not every:
        return []
    deep = Counter(image.deep for _, _, image in every).most_common(1)[0][0]
    alike = [image for _, _, image in every if image.deep == deep]
    usual = Counter(image.channels for image in alike).most_common(1)[0][0]
    make, count = Counter(_make(image) for image in alike).most_common(1)[0]
    wanted = channels if stated else usual
    most = f"{count:,} of {len(every):,} are {_WORDS.get(make, make)}"
    depths = ("8-bit", "deeper than 8 bits")
    first = not stated and channels != usual and not deep
    found = []
    for split, index, image in every:
        mode = f"(Pillow mode {image.mode})"
        todo = ""
        if image.deep != deep:
            kind, what = "depth", f"{depths[image.deep]} {mode}, most others are {depths[deep]}"
        elif first and image.channels == channels:
            first = False
            number = f"{channels} channel{'s' * (channels > 1)}"
            kind, what = "first-image", f"{number} {mode}, {most}: those of {usual} channels are refused"
            todo = f"The first image decides: set data.channels={usual}, or store it as the others are."
        elif not fits(image.channels, wanted, narrow=narrow) and not deep:
            kind, what = "channels", f"{image.channels} channels {mode}, the data set has {wanted}"
        elif _make(image) != make:
            word = _WORDS.get(_make(image), image.mode)
            kind, what, todo = "mixed", f"{word} {mode}, {most}", _advice(image, word, _becomes(image, wanted))
        else:
            continue
        found.append(
            Finding(kind=kind, file=split.view.file(index), what=what, split=split.name, index=index, todo=todo)
        )
    return found


def fits(found: int, wanted: int, *, narrow: bool) -> bool:
    """Whether `read_image` makes the wanted channels of those of a file."""
    if found > wanted:
        return narrow or (found, wanted) in {(2, 1), (4, 3)}
    return found == wanted or (wanted == 3 and found in (1, 2))


def _make(image: ImageLook) -> str:
    if image.deep:
        return "I;16" if image.mode.startswith("I;16") else image.mode
    if image.mode == "P" and image.channels == 4:
        return "PA"
    return _SAME.get(image.mode, image.mode)


def _becomes(image: ImageLook, wanted: int) -> str:
    """What reading does to it."""
    make = _make(image)
    done = []
    if image.deep:
        done.append("values stay as they stand, whatever the others count in")
    if make in ("P", "PA"):
        done.append("colours are looked up in the palette")
    if make in ("L", "LA") and wanted == 3:
        done.append("the grey stands in all three channels")
    if make in ("CMYK", "LAB", "HSV"):
        done.append("colours become RGB without a colour profile")
    if make in ("LA", "PA", "RGBA") and wanted in (1, 3):
        done.append("alpha (255 throughout) is dropped" if image.opaque else "alpha is dropped")
    if make not in ("L", "LA") and not image.deep and wanted < 3:
        done.append("colours become grey")
    return ", ".join(done) or "nothing is changed"


def _advice(image: ImageLook, word: str, done: str) -> str:
    read = f"{word[0].upper()}{word[1:]} is read so: {done}"
    if "is dropped" not in done:
        return f"{read}. Look whether that is meant; else store them as the others are."
    if image.opaque:
        return f"{read}. Nothing is lost; store them without alpha to be rid of this line."
    return f"{read}, and transparent pixels show what lies under them. Flatten them onto a ground."
