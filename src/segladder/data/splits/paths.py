"""Where a split's annotations and images lie, in data sets that name both by patterns of the split's name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from segladder.data.errors import DataError

SPLIT = "{split}"
"""What stands for a split's name in a pattern."""


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

    def missing(self, name: str) -> DataError:
        """The error of a split without annotations."""
        if self.root is not None and not self.root.is_dir():
            return DataError(f"data.root '{self.root}' (that is '{self.root.resolve()}') is not there. {self._hint}")
        path = self.annotations(name)
        key = "data.annotations" if self.root is not None else "no data.root is given, and data.annotations"
        there = sorted(file.name for file in path.parent.glob("*.json")) if path.parent.is_dir() else []
        listed = f" JSON files there: {', '.join(there[:8])}." if there else ""
        return DataError(
            f"Split '{name}' has no {self._kind}: {key} means '{path}', which is not there.{listed} {self._hint}"
        )
