"""Where a split's annotations and images lie, in data sets that name both by patterns of the split's name."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path

from segladder.data.errors import DataError, missing_root
from segladder.data.readers.layouts import instead

SPLIT = "{split}"
"""What stands for a split's name in a pattern."""
_SHOWN = 8


class SplitPaths:
    """The JSON file and the folder of images of each split."""

    def __init__(
        self, root: Path | None, *, annotations: str | Path, images: str, hint: str, kind: str = "annotations"
    ) -> None:
        """
        Args:
            root: the data set's folder; None where annotations alone are read.
            annotations: the files, `{split}` standing for a split's name: below the root, or anywhere. Without
                `{split}` one file serves every split.
            images: the folder of a split's images below the root, likewise.
            hint: where to get the data.
            kind: what the files hold, for messages.
        """
        self.root = root
        self._annotations = str(Path(annotations).expanduser())
        self._images = images
        self._hint = hint
        self._kind = kind

    def annotations(self, name: str) -> Path:
        """The file of annotations of a split, whether it is there or not."""
        path = Path(self._annotations.replace(SPLIT, name))
        below = path if self.root is None else self.root / path
        # one file for all is named as the shell sees it, a pattern as the data set's layout says
        return path if SPLIT not in self._annotations and (path.is_file() or not below.is_file()) else below

    def images(self, name: str) -> Path | None:
        """The folder of a split's images; None without a root, where there is no such folder."""
        path = Path(self._images.replace(SPLIT, name)).expanduser()
        if self.root is None:
            return path if path.is_dir() else None
        return self.root / path

    @property
    def own_images(self) -> bool:
        """Whether each split has a folder of images to itself."""
        return SPLIT in self._images

    def smallest(self, splits: Iterable[str | None]) -> str:
        """The split whose file is the smallest: what categories are taken from, as COCO's training set takes half a
        minute to read.

        Raises:
            DataError: no split is named, or none has a file.
        """
        names = [name for name in splits if name is not None]
        if not names:
            raise DataError("data.train_split, data.val_split and data.test_split are all null. Name a split.")
        there = [name for name in names if self.annotations(name).is_file()]
        if not there:
            raise self.missing(names[0])
        return min(there, key=lambda name: self.annotations(name).stat().st_size)

    def warn_of_same(self, splits: Mapping[str, str | None]) -> None:
        """Scores on what was trained on say nothing, and one file for all is quickly typed.

        Args:
            splits: the published name of train, val and test.
        """
        if splits["train"] is None:
            return
        path = self.annotations(splits["train"])
        same = [role for role in ("val", "test") if (name := splits[role]) and self.annotations(name) == path]
        if same:
            warnings.warn(
                f"Training and {' and '.join(same)} read the same '{path}': the scores will be of images that were"
                " trained on. Give each split its own file: data.annotations=…{split}….json",
                stacklevel=3,
            )

    def missing(self, name: str) -> DataError:
        """The error of a split without annotations."""
        if self.root is not None and not self.root.is_dir():
            return missing_root(self.root, self._hint)
        path = self.annotations(name)
        typed = (path, (self.root or Path()) / self._annotations)
        folder = next((one for one in typed if SPLIT not in self._annotations and one.is_dir()), None)
        if folder is not None:
            listed = ", ".join(_json_files(folder)) or "no JSON file"
            return DataError(
                f"data.annotations means '{folder}', which is a folder: it holds {listed}. Name the file, with {SPLIT}"
                f" for the name of a split, as in data.annotations={self._annotations}/…{SPLIT}.json."
            )
        key = "data.annotations" if self.root is not None else "no data.root is given, and data.annotations"
        said = f"Split '{name}' has no {self._kind}: {key} means '{path}', which is not there"
        if there := _json_files(path.parent):
            return DataError(f"{said}. JSON files there: {', '.join(there)}. {self._hint}")
        if self.root is None:
            return DataError(f"{said}. {self._hint}")
        return DataError(f"{said}{instead(self.root, 'coco', advice=self._hint, joined=f'; {str(self.root)!r}')}")


def _json_files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.glob("*.json"))[:_SHOWN]
