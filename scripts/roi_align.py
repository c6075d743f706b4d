"""Why RoIAlign? One picture: a box between the cells of a feature map, and what RoIAlign and RoIPool read of it.

python scripts/roi_align.py
python scripts/roi_align.py output=roi_align.svg
"""

from __future__ import annotations

import sys

import numpy as np

from segladder.viz.roi_align import STRIDE, draw_roi_align, lags, ramp, readings


def main(words: list[str]) -> None:
    settings = dict(word.partition("=")[::2] for word in words)
    unknown = sorted(settings.keys() - {"output"})
    if unknown:
        sys.exit(f"'{unknown[0]}' is no setting. It takes output=FILE.png.")
    shifts = np.linspace(0, 1, 1001)
    for name, errors in zip(("RoIAlign", "RoIPool"), lags(readings(ramp(), shifts)), strict=True):
        worst = np.abs(errors).max()
        print(
            f"{name:<8} is off by up to {worst:.2f} cells, {worst * STRIDE:.1f} pixels of the image at stride {STRIDE}"
        )
    print(f"The picture is {draw_roi_align(settings.get('output') or 'outputs/roi_align.png')}")


if __name__ == "__main__":
    main(sys.argv[1:])
