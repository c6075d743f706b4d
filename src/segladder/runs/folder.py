"""The run folder: what lies where in it, what it is called, and how runs are found again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segladder.runs.identity import short
from segladder.runs.storage import check_path, require_space, storing
from segladder.types import UserError

__all__ = ["RunFolder", "attempts", "check_name", "find_runs", "require_space", "run_name", "study_folder"]

SINGLE = "single"
"""The folder of the runs that belong to no study."""

_NAME_LENGTH = 100
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._+*-]+")
_LEADING = ("data", "model", "backbone", "loss")


@dataclass(frozen=True, order=True)
class RunFolder:
    """One run's folder: self-contained, and the only thing that a report reads."""

    path: Path

    @property
    def config(self) -> Path:
        """The composed config, without secrets."""
        return self.path / "config.yaml"

    @property
    def overrides(self) -> Path:
        """What was typed: a list of `key=value`."""
        return self.path / "overrides.yaml"

    @property
    def result(self) -> Path:
        """The record, see `record.py`."""
        return self.path / "result.json"

    @property
    def metrics(self) -> Path:
        """Every scalar that was logged, one row per time of logging."""
        return self.path / "metrics.csv"

    @property
    def per_image(self) -> Path:
        """Counts per test image and class, for intervals and paired tests."""
        return self.path / "per_image.npz"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def best(self) -> Path:
        """The checkpoint with the best monitored metric."""
        return self.checkpoints / "best.ckpt"

    @property
    def last(self) -> Path:
        """The checkpoint that a run goes on from."""
        return self.checkpoints / "last.ckpt"

    @property
    def pictures(self) -> Path:
        return self.path / "pictures"

    @property
    def wandb(self) -> Path:
        return self.path / "wandb"

    @property
    def log(self) -> Path:
        """What the terminal showed."""
        return self.path / "run.log"

    @property
    def lock(self) -> Path:
        """The lock file, see `lock.py`."""
        return self.path / "lock"

    def create(self) -> RunFolder:
        """Make the folder and those that Lightning expects in it.

        Raises:
            UserError: it cannot be made.
        """
        check_path(self.path)
        with storing(self.path):
            self.checkpoints.mkdir(parents=True, exist_ok=True)
            self.pictures.mkdir(exist_ok=True)
        return self

    def is_bare(self) -> bool:
        """Whether nothing of worth came out yet: no checkpoint, score, row of metrics or picture."""
        worth = (self.metrics, self.per_image)
        folders = (self.checkpoints, self.pictures)
        return not any(file.exists() and file.stat().st_size > 0 for file in worth) and not any(
            file.is_file() and not file.name.startswith(".") for folder in folders for file in folder.glob("**/*")
        )

    def inside(self, relative: str) -> Path:
        """A file that the record names, such as a checkpoint.

        Raises:
            UserError: it lies outside the folder: a record is data and cannot send us elsewhere.
        """
        path = (self.path / relative).resolve()
        if not path.is_relative_to(self.path.resolve()):
            raise UserError(
                f"'{self.result}' names '{relative}', which lies outside its folder."
                f" Restore the record, or name the file itself on the command line."
            )
        return path


def run_name(
    choices: Mapping[str, str | None], *, seed: int | None = None, varying: Mapping[str, Any] | None = None
) -> str:
    """A readable name from what was chosen, such as `disks-unet-ce+dice-s1`.

    Args:
        choices: config group -> choice; the loss in its canonical form. Data, model, backbone and loss are
            named, other groups only where they stand in `varying`.
        seed: the run's seed.
        varying: what else tells this run from its study's others: key -> value, the key's last word is used.
    """
    words = [str(choices[group]) for group in _LEADING if choices.get(group) not in (None, "", "none", "null")]
    for key, value in (varying or {}).items():
        if key not in _LEADING and key != "seed":
            words.append(f"{key.rpartition('.')[2]}_{value}")
    end = "" if seed is None else f"-s{seed}"
    name = _NOT_IN_NAMES.sub("_", "-".join(words)).strip("._-") or "run"
    return name[: _NAME_LENGTH - len(end)].rstrip("._-") + end


def check_name(name: str, *, key: str = "name") -> str:
    """The name as it is, when a folder may bear it.

    Raises:
        UserError: it is empty, too long, starts with a dot, or holds other characters than `A-Za-z0-9._+*-`.
    """
    if not name or name.startswith(".") or len(name) > _NAME_LENGTH:
        raise UserError(
            f"{key}='{name}' cannot name a folder. Give 1 to {_NAME_LENGTH} characters that do not start with a dot."
        )
    if bad := _NOT_IN_NAMES.search(name):
        raise UserError(
            f"{key}='{name}' holds '{bad.group()}'. Use letters, digits and . _ + * - only,"
            f" for example {key}='{_NOT_IN_NAMES.sub('_', name)}'."
        )
    return name


def study_folder(root: Path, study: str | None) -> Path:
    """Where a study's runs lie: `<root>/<study>`, or `<root>/single`.

    Raises:
        UserError: the study's name or the root cannot be used.
    """
    folder = Path(root) / (check_name(study, key="study_name") if study else SINGLE)
    check_path(folder)
    return folder


def attempts(root: Path, study: str | None, run_id: str) -> list[RunFolder]:
    """The folders whose names end like a run's with this id, whatever stands before; first attempts first."""
    ending = re.compile(rf"-{re.escape(short(run_id))}(?:-(\d+))?$")
    found = []
    folder = study_folder(root, study)
    if folder.is_dir():
        for path in folder.iterdir():
            if (match := ending.search(path.name)) and path.is_dir():
                found.append((int(match.group(1) or 1), RunFolder(path)))
    return [run for _, run in sorted(found)]


def next_folder(root: Path, study: str | None, name: str, run_id: str) -> RunFolder:
    """The folder for one more attempt: `<name>-<id8>`, then `…-2`, `…-3`; the first that does not exist."""
    first = study_folder(root, study) / f"{check_name(name)}-{short(run_id)}"
    number, path = 1, first
    while path.exists() or path.is_symlink():
        number += 1
        path = first.with_name(f"{first.name}-{number}")
    return RunFolder(path)


def find_runs(root: Path) -> Iterator[RunFolder]:
    """Every run folder at or below `root`, in the order of paths; what lies within a run is its own."""
    folder = RunFolder(Path(root))
    if folder.result.is_file():
        yield folder
    elif folder.path.is_dir():
        for path in sorted(folder.path.iterdir()):
            if path.is_dir() and not path.is_symlink() and not path.name.startswith("."):
                yield from find_runs(path)
