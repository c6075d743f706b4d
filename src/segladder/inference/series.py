"""Many images through one network, one at a time: what cannot be read is noted, and the others go on."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segladder.data.progress import with_progress
from segladder.inference.instance_segmenter import InstanceSegmenter
from segladder.inference.outputs import (
    LABELS,
    LONGEST,
    RESULTS,
    PredictionList,
    objects_picture,
    overlay_picture,
    write_prediction,
)
from segladder.inference.pictures import Picture
from segladder.inference.segmenter import Segmenter
from segladder.inference.submissions import Submission
from segladder.metrics.argmax import classes_of
from segladder.types import Instances, UserError

_BYTES_PER_SCORE, _BYTES_PER_KEPT = 10, 2
"""Scores and probabilities of the whole image in float32 and what is kept of them in float16; with windows the last
alone."""


@dataclass(frozen=True)
class Item:
    """One image to come."""

    name: str
    """Where its predictions go below the output folder, without suffix."""
    source: str
    """What it was read from, for the list."""
    read: Callable[[], Picture]
    """Raises UserError where the image cannot be read."""


@dataclass(kw_only=True)
class Series:
    """What became of the images."""

    done: int = 0
    seconds: float = 0.0
    pixels: Tensor
    """Predicted pixels of each class, `(K,)` int64."""
    failed: list[str] = field(default_factory=list)
    """A sentence for each image that could not be predicted."""
    changes: Counter[str] = field(default_factory=Counter)
    """Images by what reading did to them, see `pictures.CHANGES`."""
    reduced: int = 0
    """Images larger than their overlays."""
    objects: int | None = None
    """Objects found, of a network that finds objects."""
    sure: int = 0
    """Those of a score of at least 0.5."""
    submitted: str | None = None
    """What was written for a benchmark."""


def predict_series(
    segmenter: Segmenter | InstanceSegmenter,
    items: Sequence[Item],
    *,
    output: Path,
    listing: PredictionList,
    overlay: bool = True,
    probabilities: bool = False,
    bf16: bool = False,
    submission: Submission | None = None,
) -> Series:
    """Predicts all images and writes their files; the list grows with them and is written at the end of it all.

    Of a network that finds objects the label file is the semantic readout, and `instances.json` has the objects of all
    images, those of an earlier call among them.

    Args:
        segmenter: with its inference protocol.
        items: the images.
        output: the folder; made where it is missing.
        listing: gets an entry for each label file.
        overlay: write `NAME_overlay.png`, too.
        probabilities: write `NAME_probabilities.npz`, too.
        bf16: run the network under autocast to bfloat16.
        submission: a benchmark's files, written instead of all of these.

    Raises:
        UserError: the disk refuses.
    """
    info = segmenter.info
    series = Series(pixels=torch.zeros(info.num_classes, dtype=torch.int64))
    found = _known_objects(output, listing, segmenter)
    began = time.perf_counter()
    segmenter.eval()
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"output={output} cannot be made: {error.strerror}. Choose another folder.") from error
    try:
        for item in with_progress(items, len(items), "predicting"):
            try:
                picture = item.read()
                with torch.inference_mode(), torch.autocast(segmenter.device.type, torch.bfloat16, enabled=bf16):
                    classes, kept, objects = predicted(
                        segmenter, picture.raw, name=item.source, probabilities=probabilities
                    )
            except UserError as error:
                series.failed.append(str(error))
                continue
            height, width = classes.shape
            series.done += 1
            series.pixels += torch.bincount(classes[classes < info.num_classes], minlength=info.num_classes)
            series.changes.update(picture.changes)
            if objects is not None:
                series.objects = (series.objects or 0) + len(objects)
                series.sure += int((objects.scores >= 0.5).sum())
            if submission is not None:
                _hand(submission, item.name, classes.numpy(), objects)
                continue
            drawn = None
            if objects is not None:
                found[item.name] = objects
                drawn = objects_picture(picture.raw, objects, info) if overlay else None
            elif overlay:
                drawn = overlay_picture(picture.raw, classes.numpy(), info)
            write_prediction(
                output / item.name, classes.numpy(), info, ids=listing.ids, overlay=drawn, probabilities=kept
            )
            height, width = classes.shape
            listing.files[f"{item.name}{LABELS}"] = {"source": item.source, "height": height, "width": width}
            series.reduced += overlay and max(height, width) > LONGEST
    finally:
        if submission is None:
            if isinstance(segmenter, InstanceSegmenter):
                from segladder.inference.coco_results import write_results

                write_results(output / RESULTS, found, info)
            listing.write(output)
        else:
            series.submitted = submission.finish()
    series.seconds = time.perf_counter() - began
    return series


def _hand(submission: Submission, name: str, classes: NDArray[Any], objects: Instances | None) -> None:
    try:
        submission.add(name, classes, objects)
    except OSError as error:
        raise UserError(
            f"The submission's files of '{name}' cannot be written: {error.strerror or error}. Free some space, or"
            " choose another folder with output=DIR."
        ) from error


def predicted(
    segmenter: Segmenter | InstanceSegmenter, raw: Tensor, *, name: str, probabilities: bool = False
) -> tuple[Tensor, NDArray[np.float16] | None, Instances | None]:
    """Class of each pixel `(H, W)` on the CPU, probabilities `(K, H, W)` where wanted, objects where it finds such.

    Args:
        segmenter: in evaluation mode.
        raw: `(C, H, W)`.
        name: of the image, for messages.
        probabilities: keep them; in bands of rows where the protocol has windows.

    Raises:
        UserError: memory does not suffice.
    """
    try:
        if isinstance(segmenter, InstanceSegmenter):
            prediction = segmenter.predict(raw)
            return prediction.semantic(), None, prediction.instances()
        if not probabilities:
            return segmenter.inference.classes(segmenter, raw), None, None
        return *_with_probabilities(segmenter, raw, name=name), None
    except (RuntimeError, MemoryError) as error:
        # torch names the lack of memory on a CPU in words alone
        lack = isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)
        if not lack:
            raise
        advice = (
            "Reduce it on its way in: model.max_size=1333."
            if isinstance(segmenter, InstanceSegmenter)
            else "Cut it into windows: inference=slide inference.window=[512,512]."
        )
        raise UserError(
            f"Image '{name}' ({raw.shape[-2]}x{raw.shape[-1]}) does not fit into memory in one piece. {advice}"
        ) from error


def _known_objects(
    output: Path, listing: PredictionList, segmenter: Segmenter | InstanceSegmenter
) -> dict[str, Instances]:
    """The objects that the same network has written for other images into the same folder."""
    path = output / RESULTS
    if not isinstance(segmenter, InstanceSegmenter) or not listing.files or not path.is_file():
        return {}
    from segladder.inference.coco_results import read_results

    sizes = {
        file.removesuffix(LABELS): (int(entry["height"]), int(entry["width"])) for file, entry in listing.files.items()
    }
    return read_results(path, info=segmenter.info, sizes=sizes)


def available_memory() -> int | None:
    """Bytes of main memory that this process could get now; None where the system does not tell."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None


def _with_probabilities(segmenter: Segmenter, raw: Tensor, *, name: str) -> tuple[Tensor, NDArray[np.float16]]:
    K, (H, W) = segmenter.info.num_classes, raw.shape[-2:]
    needed = K * H * W * (_BYTES_PER_SCORE if segmenter.inference.window is None else _BYTES_PER_KEPT)
    free = available_memory()
    if free is not None and needed > free:
        raise UserError(
            f"The probabilities of '{name}' ({K} classes, {H}x{W}) need {needed / 1e9:.3g} GB, and"
            f" {free / 1e9:.3g} GB of memory is free. Go without (probabilities=false), or predict parts of the image."
        )
    classes = torch.empty(H, W, dtype=torch.uint8 if K <= 256 else torch.int16)
    kept: NDArray[Any] = np.empty((K, H, W), dtype=np.float16)
    for first, band in segmenter.inference.bands(segmenter, raw[None]):
        rows = slice(first, first + band.shape[-2])
        classes[rows] = classes_of(band)[0].to(classes.dtype)
        kept[:, rows] = band[0].float().softmax(0).cpu().numpy()
    return classes, kept
