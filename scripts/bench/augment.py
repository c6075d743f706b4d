"""Our augmentation and reading against torchvision v2, albumentations and kornia, on one core, in turns.

    python scripts/bench/augment.py                                   # on drawn pictures of 2048x1024
    python scripts/bench/augment.py images=DIR labels=DIR rounds=40   # on PNGs of yours, each label named as its image
    python scripts/bench/augment.py only=decode+augment               # of decode, augment and pipeline

The job: scale 0.5 to 2 (log-uniform), crop of 512x1024, flip, brightness, contrast, saturation and hue, of an image
with its label. Every contestant gets the same scale in the same round; places are its own draws. Peers scale the whole
image and crop after, which is the distribution that ours has; their own ways of cutting before they resize have another
one (no padding, other shares of scale) and stand in rows of their own. Everybody ends with bytes `(3, 512, 1024)`, but
kornia, which computes in floats. Normalisation is left out: it can run on the device for all.

Time is the process's CPU time on one core, so that a busy machine disturbs little. The table has medians over rounds;
the ratio to ours is the median of the rounds' ratios (first to last decile in brackets). What is not installed is
"absent".
"""

from __future__ import annotations

import importlib
import math
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import torch
import torch.nn.functional as F

from segladder.data import decoding
from segladder.data.collate import collate
from segladder.data.decoding.images import read_image
from segladder.data.decoding.labels import LabelReader
from segladder.data.transforms.augment import Augment

OUT, SCALE = (512, 1024), (0.5, 2.0)
JITTER = {"brightness": 0.3, "contrast": 0.3, "saturation": 0.3, "hue": 0.02}
DEFAULTS = {"rounds": "30", "images": "", "labels": "", "batch": "4", "only": ""}
ABSENT = "absent"
Change = Callable[[Any, Any, float, int], Any]
"""Image, label, scale, seed to the changed pair."""
Run = Callable[[float, int], Any]
"""One pair at a scale, with a seed."""


def main(arguments: list[str]) -> None:
    settings = dict(DEFAULTS)
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name not in settings or not value:
            sys.exit(f"'{argument}' is no setting. Give any of {', '.join(settings)} as name=value.")
        settings[name] = value
    rounds, batch = int(settings["rounds"]), int(settings["batch"])
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    _keep_freed_buffers()
    versions = ", ".join(f"{name} {_version(name)}" for name in ("torchvision", "albumentations", "cv2", "kornia"))
    print(
        f"one core of {os.cpu_count()}, {platform.machine()}, torch {torch.__version__}, {versions},"
        f" imagecodecs {_version('imagecodecs')}, Pillow {_version('PIL')}; {rounds} rounds; load"
        f" {os.getloadavg()[0]:.1f}\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        pairs = _pairs(settings["images"], settings["labels"], Path(folder))
        parts = settings["only"].split("+") if settings["only"] else ["decode", "augment", "pipeline"]
        image = torch.from_numpy(np.array(_pillow(pairs[0][0])))
        label = torch.from_numpy(np.array(_pillow(pairs[0][1])))
        size = f"{image.shape[1]}x{image.shape[0]}"
        if "decode" in parts:
            for kind in ("PNG", "JPEG of quality 90"):
                print(f"## Decoding one {kind}, {size}, ms\n")
                table(decoders(pairs[0][0], Path(folder), jpeg=kind != "PNG"), max(5, rounds // 3))
                print()
        if "augment" in parts:
            print(f"## Geometry and jitter of one pair of {size} pixels, ms\n")
            table(jobs(image, label), rounds)
        if "pipeline" in parts:
            megabytes = pairs[0][0].stat().st_size / 1e6
            print(f"\n## From PNGs to a batch of {batch}, ms per pair; the first image has {megabytes:.1f} MB\n")
            print("Everybody's files decoded by imagecodecs:\n")
            table(pipelines(pairs, batch, own=False), max(5, rounds // 3))
            print("\nEach by the decoder that it comes with (segladder: data.decoder=auto):\n")
            table(pipelines(pairs, batch, own=True), max(5, rounds // 3))


def decoders(path: Path, folder: Path, *, jpeg: bool) -> dict[str, Run | None]:
    """Name -> reads one file into an array or tensor of RGB bytes; ours first."""
    if jpeg:
        _pillow(path).save(folder / "picture.jpg", quality=90)
        path = folder / "picture.jpg"
    decoding.prefer("auto")
    png_name, jpeg_name = "png_decode", "jpeg8_decode"

    def by_imagecodecs() -> Any:
        decode = getattr(importlib.import_module("imagecodecs"), jpeg_name if jpeg else png_name)
        return lambda: decode(path.read_bytes())

    def by_torchvision() -> Any:
        io = importlib.import_module("torchvision.io")
        return lambda: io.decode_image(io.read_file(str(path)))

    def by_cv2() -> Any:
        cv2 = importlib.import_module("cv2")
        return lambda: cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)

    def by_kornia() -> Any:
        rust = importlib.import_module("kornia_rs.io")
        return (
            (lambda: rust.read_image_jpegturbo(str(path)))
            if jpeg
            else (lambda: rust.read_image_png_u8(str(path), "rgb"))
        )

    found: dict[str, Any] = {
        "segladder (read_image, imagecodecs installed)": lambda: read_image(path, channels=3),
        "Pillow": lambda: np.asarray(_pillow(path)),
        f"imagecodecs.{jpeg_name if jpeg else png_name}": _if_there(by_imagecodecs, "imagecodecs"),
        "torchvision": _if_there(by_torchvision, "torchvision"),
        "OpenCV": _if_there(by_cv2, "cv2"),
        "kornia_rs": _if_there(by_kornia, "kornia_rs"),
    }
    return {name: None if run is None else (lambda _, __, run=run: run()) for name, run in found.items()}


def jobs(image: torch.Tensor, label: torch.Tensor) -> dict[str, Run | None]:
    """Name -> one run of the job on images as the contestant's own decoder leaves them."""
    chw, flat, mask = image.permute(2, 0, 1), image.numpy(), label.numpy()
    given = {"numpy": (flat, mask), "tensor": (chw, label)}

    def on(change: tuple[str, Change] | None) -> Run | None:
        if change is None:
            return None
        kind, run = change
        return lambda scale, seed: run(*given[kind], scale, seed)

    return {name: on(change) for name, change in changes().items()}


def changes() -> dict[str, tuple[str, Change] | None]:
    """Name -> what it takes and the change; None where it is not installed. Ours comes first."""
    return {
        "segladder": ours("cpu"),
        "segladder, augment.device=gpu: what is left to the CPU": ours("gpu"),
        "torchvision v2": _if_there(torchvision_v2, "torchvision"),
        "albumentations": _if_there(albumentations, "albumentations"),
        "kornia": _if_there(kornia, "kornia"),
        "other distribution: v2.RandomResizedCrop": _if_there(torchvision_window, "torchvision"),
        "other distribution: A.RandomSizedCrop": _if_there(albumentations_window, "albumentations"),
        "other distribution: K.RandomResizedCrop": _if_there(kornia_window, "kornia"),
    }


def ours(device: str) -> tuple[str, Change]:
    augment = Augment(scale=SCALE, crop=OUT, flip=0.5, **JITTER, device=device)
    return "tensor", lambda image, label, scale, seed: augment.for_batch({"image": image, "semantic": label}, seed=seed)


def torchvision_v2() -> tuple[str, Change]:
    from torchvision import tv_tensors
    from torchvision.transforms import v2
    from torchvision.transforms.v2 import functional as T

    rest = v2.Compose([v2.RandomCrop(OUT), v2.RandomHorizontalFlip(0.5), v2.ColorJitter(**JITTER)])

    def change(image: Any, label: Any, scale: float, seed: int) -> Any:
        size = [round(side * scale) for side in image.shape[-2:]]
        picture, mask = tv_tensors.Image(T.resize(image, size)), tv_tensors.Mask(_nearest(label, size))
        border = _border(size)
        picture, mask = T.pad(picture, border, fill=128), T.pad(mask, border, fill=255)
        return rest(picture, mask)

    return "tensor", change


def torchvision_window() -> tuple[str, Change]:
    from torchvision import tv_tensors
    from torchvision.transforms import v2

    window = v2.RandomResizedCrop(OUT, scale=(1 / 16, 1.0), ratio=(2, 2), antialias=True)
    all_of_it = v2.Compose([window, v2.RandomHorizontalFlip(0.5), v2.ColorJitter(**JITTER)])
    return "tensor", lambda image, label, scale, seed: all_of_it(tv_tensors.Image(image), tv_tensors.Mask(label))


def albumentations() -> tuple[str, Change]:
    A = importlib.import_module("albumentations")
    importlib.import_module("cv2").setNumThreads(0)
    drawn = {"scale": 1.0}

    class Scaled(A.RandomScale):  # type: ignore[misc,name-defined]
        def get_params(self) -> dict[str, float]:
            return dict(drawn)

    crop = A.RandomCrop(*OUT, pad_if_needed=True, pad_position="random", fill=128, fill_mask=255)
    scaled = Scaled(scale_limit=(-0.5, 1.0), mask_interpolation=0, p=1)
    all_of_it = A.Compose([scaled, crop, A.HorizontalFlip(p=0.5), _albumentations_jitter(A), A.ToTensorV2()])

    def change(image: Any, label: Any, scale: float, seed: int) -> Any:
        drawn["scale"] = scale
        return all_of_it(image=image, mask=label)

    return "numpy", change


def albumentations_window() -> tuple[str, Change]:
    A = importlib.import_module("albumentations")
    sides = round(OUT[0] / SCALE[1]), round(OUT[0] / SCALE[0])
    window = A.RandomSizedCrop(sides, size=OUT, w2h_ratio=OUT[1] / OUT[0], mask_interpolation=0)
    all_of_it = A.Compose([window, A.HorizontalFlip(p=0.5), _albumentations_jitter(A), A.ToTensorV2()])
    return "numpy", lambda image, label, scale, seed: all_of_it(image=image, mask=label)


def _albumentations_jitter(library: Any) -> Any:
    around = {name: (1 - amount, 1 + amount) for name, amount in JITTER.items() if name != "hue"}
    return library.ColorJitter(**around, hue=(-JITTER["hue"], JITTER["hue"]), p=1)


def kornia() -> tuple[str, Change]:
    K = importlib.import_module("kornia.augmentation")
    crop = K.RandomCrop(OUT, pad_if_needed=True, cropping_mode="slice")
    rest = _kornia_all(K, crop)

    def change(image: Any, label: Any, scale: float, seed: int) -> Any:
        size = [round(side * scale) for side in image.shape[-2:]]
        picture = F.interpolate(image[None].float() / 255, size=size, mode="bilinear", antialias=scale < 1)
        return rest(picture, _nearest(label, size)[None, None].float())

    return "tensor", change


def kornia_window() -> tuple[str, Change]:
    K = importlib.import_module("kornia.augmentation")
    window = K.RandomResizedCrop(OUT, scale=(1 / 16, 1.0), ratio=(2.0, 2.0), cropping_mode="slice")
    all_of_it = _kornia_all(K, window)
    return "tensor", lambda image, label, scale, seed: all_of_it(image[None].float() / 255, label[None, None].float())


def _kornia_all(library: Any, crop: Any) -> Any:
    keys = ["input", "mask"]
    options = {"mask": {"resample": "nearest", "align_corners": None}}
    rest = library.RandomHorizontalFlip(p=0.5), library.ColorJitter(**JITTER, p=1.0)
    return library.AugmentationSequential(crop, *rest, data_keys=keys, extra_args=options)


def pipelines(pairs: list[tuple[Path, Path]], batch: int, *, own: bool) -> dict[str, Run | None]:
    """Name -> from the files of one pair to its share of a batch."""
    runs: dict[str, Run | None] = {}
    for name, change in changes().items():
        read = _reader(name, own=own)
        runs[name] = None if change is None or read is None else _pipeline(pairs, batch, change, read)
    return runs


def _pipeline(pairs: list[tuple[Path, Path]], batch: int, change: tuple[str, Change], read: Any) -> Any:
    kind, run = change
    waiting: list[Any] = []

    def one(scale: float, seed: int) -> None:
        image, label = read(kind, *pairs[seed % len(pairs)])
        waiting.append(run(image, label, scale, seed))
        if len(waiting) == batch:
            _stacked(waiting)
            waiting.clear()

    return one


def _stacked(samples: list[Any]) -> Any:
    if isinstance(samples[0], dict) and "semantic" in samples[0]:
        return collate(samples, training=True)
    parts = [tuple(sample.values()) if isinstance(sample, dict) else sample for sample in samples]
    return [torch.stack([torch.as_tensor(part[place]) for part in parts]) for place in range(2)]


def _reader(name: str, *, own: bool) -> Callable[[str, Path, Path], tuple[Any, Any]] | None:
    """Reads a pair of files into arrays or tensors."""
    if name.startswith("segladder"):
        labels = LabelReader([f"class {number}" for number in range(34)], ignore=(255,))
        decoding.prefer("auto")
        return lambda kind, image, label: (read_image(image, channels=3), labels.read_narrow(label))
    if not own:
        library: Any = _if_there(lambda: importlib.import_module("imagecodecs"), "imagecodecs")
        return None if library is None else lambda kind, *files: _as(kind, *(_decoded(library, f) for f in files))
    if "albumentations" in name or "A." in name:
        cv2 = importlib.import_module("cv2")
        return lambda kind, image, label: (
            cv2.cvtColor(cv2.imread(str(image)), cv2.COLOR_BGR2RGB),
            cv2.imread(str(label), cv2.IMREAD_UNCHANGED),
        )
    if "kornia" in name or "K." in name:
        importlib.import_module("kornia_rs.io")
        rust: Any = importlib.import_module("kornia_rs")
        return lambda kind, image, label: _as(
            kind, rust.io.read_image_png_u8(str(image), "rgb"), rust.io.read_image_png_u8(str(label), "mono")[..., 0]
        )
    from torchvision.io import decode_image, read_file

    return lambda kind, image, label: (decode_image(read_file(str(image))), decode_image(read_file(str(label)))[0])


def _decoded(imagecodecs: Any, file: Path) -> Any:
    return imagecodecs.png_decode(file.read_bytes())


def _as(kind: str, image: Any, label: Any) -> tuple[Any, Any]:
    if kind == "numpy":
        return image, label
    return torch.from_numpy(image).permute(2, 0, 1), torch.from_numpy(label)


def table(contestants: dict[str, Run | None], rounds: int) -> None:
    """Times everybody in turns and prints a row for each."""
    runs = {name: run for name, run in contestants.items() if run is not None}
    times: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(-2, rounds):  # two to warm up
        for name in list(runs)[number % len(runs) :] + list(runs)[: number % len(runs)]:
            began = time.process_time()
            for seed in range(8 * number, 8 * number + 8):
                runs[name](_scale_of(seed + 16), seed + 16)
            if number >= 0:
                times[name].append((time.process_time() - began) / 8 * 1000)
    mine = next(iter(times.values()))
    print("| | ms | images/s | its time / ours |\n|---|---:|---:|---:|")
    for name in contestants:
        if name not in times:
            print(f"| {name} | {ABSENT} | | |")
            continue
        ratios = sorted(its / our for its, our in zip(times[name], mine, strict=True))
        low, high = ratios[len(ratios) // 10], ratios[-1 - len(ratios) // 10]
        middle = statistics.median(times[name])
        spread = "" if times[name] is mine else f"{statistics.median(ratios):.2f} ({low:.2f} to {high:.2f})"
        print(f"| {name} | {middle:.2f} | {1000 / middle:.0f} | {spread} |")


def _scale_of(seed: int) -> float:
    """The scale that our augmentation draws from a seed."""
    draw = torch.rand(5, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))[0].item()
    low, high = map(math.log, SCALE)
    return math.exp(low + (high - low) * draw)


def _border(size: list[int]) -> list[int]:
    """Left, top, right and bottom that make a smaller image as large as the crop, at a random place."""
    high, wide = (max(0, out - side) for out, side in zip(OUT, size, strict=True))
    top, left = int(torch.randint(high + 1, ())), int(torch.randint(wide + 1, ()))
    return [left, top, wide - left, high - top]


def _nearest(label: torch.Tensor, size: list[int]) -> torch.Tensor:
    return F.interpolate(label[None, None], size=size, mode="nearest-exact")[0, 0]


def _if_there(make: Callable[[], Any], name: str) -> Any:
    try:
        importlib.import_module(name)
    except ImportError:
        return None
    return make()


def _version(name: str) -> str:
    try:
        return str(importlib.import_module(name).__version__)
    except ImportError:
        return ABSENT


def _pillow(path: Path) -> Any:
    from PIL import Image

    return Image.open(path)


def _pairs(images: str, labels: str, folder: Path) -> list[tuple[Path, Path]]:
    """Files of images and labels; drawn where none are given."""
    if images:
        found = sorted(Path(images).rglob("*.png"))
        by_name = {path.name: path for path in Path(labels).rglob("*.png")}
        pairs = [(path, by_name.get(path.name)) for path in found]
        pairs = [(path, label) for path, label in pairs if label is not None]
        if not pairs:
            sys.exit(f"No PNG in '{images}' has a label of the same name in '{labels}'.")
        return pairs  # type: ignore[return-value]
    from PIL import Image

    rng = np.random.default_rng(0)
    made = []
    for number in range(4):
        coarse = torch.from_numpy(rng.uniform(0, 255, (1, 3, 32, 64)).astype(np.float32))
        smooth = F.interpolate(coarse, size=(1024, 2048), mode="bicubic")[0].permute(1, 2, 0).numpy()
        picture = np.clip(smooth + rng.normal(0, 0.5, smooth.shape), 0, 255).astype(np.uint8)
        label = np.kron(rng.integers(0, 19, (16, 32)), np.ones((64, 64))).astype(np.uint8)
        for name, array in (("image", picture), ("label", label)):
            Image.fromarray(array).save(folder / f"{name}{number}.png")
        made.append((folder / f"image{number}.png", folder / f"label{number}.png"))
    return made


def _keep_freed_buffers() -> None:
    """As segladder trains by default: runtime.keep_freed_buffers."""
    import ctypes

    if platform.system() == "Linux":
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(-3, 2**31 - 1)
        libc.mallopt(-1, 2**31 - 1)


if __name__ == "__main__":
    main(sys.argv[1:])
