"""What `segladder predict` says at its end: what was done to images, which classes there were, where the files are."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segladder.inference.raw_images import RawImages
    from segladder.inference.series import Series


def tell(series: Series, segmenter: RawImages, cfg: Any, output: Path, *, given: int) -> None:
    """Prints it, what went wrong to standard error.

    Args:
        series: what became of the images.
        segmenter: that predicted them.
        cfg: of `conf/predict.yaml`.
        output: the folder.
        given: how many images there were.
    """
    from segladder.inference.outputs import LONGEST, RESULTS
    from segladder.inference.pictures import CHANGES

    for kind, count in sorted(Counter(series.changes).items()):
        print(f"{'1 image was' if count == 1 else f'{count} images were'} {CHANGES[kind]}.")
    if series.reduced:
        print(f"Overlays of images longer than {LONGEST} pixels are reduced to that; label files are not.")
    total = int(series.pixels.sum())
    if total:
        shares = sorted(zip(series.pixels.tolist(), segmenter.info.classes, strict=True), reverse=True)
        shown = [f"{name} {pixels / total:.1%}" for pixels, name in shares if pixels][:8]
        more = sum(pixels > 0 for pixels, _ in shares) - len(shown)
        print(f"Classes by pixels: {', '.join(shown)}{f' and {more} more' if more > 0 else ''}")
    if series.submitted is not None:
        print(series.submitted)
    elif series.objects is not None:
        print(f"{series.objects:,} objects found, any score: {output / RESULTS}")
        print(f"Overlays show the {series.sure:,} of them with a score of 0.5 and more.")
    rate = series.done / max(series.seconds, 1e-9)
    print(
        f"{series.done} of {given} image{'s' if given > 1 else ''} predicted in {series.seconds:.1f} s"
        f" ({rate:.3g} images/s) on {segmenter.device}, {cfg.format or f'{cfg.predictions.ids} ids'}, into {output}",
        flush=True,
    )
    for sentence in series.failed:
        print(f"segladder: {sentence}", file=sys.stderr)
    if series.failed:
        print(f"segladder: {len(series.failed)} of {given} images could not be predicted.", file=sys.stderr)
