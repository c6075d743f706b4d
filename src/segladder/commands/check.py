"""`segladder data check`: everything that is wrong with a data set, before a training that would waste hours."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segladder.types import UserError

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from segladder.data.doctor.checkup import Checkup
    from segladder.data.doctor.findings import Group
    from segladder.data.doctor.survey import Survey

_EXAMPLES = 3
"""Files of each group that are named; the page shows more, check.json all."""

_CLASSES = 40
"""Classes of the table, those with the most pixels; the page has all."""

_NAME = 40
"""Letters of a class name; the page has all."""


def check(cfg: DictConfig, own: Mapping[str, str]) -> int:
    """Reads the data set, prints what is wrong, and writes a page and `check.json`.

    Args:
        cfg: `data`, `seed` and `paths`.
        own: `output`, `fix`, `workers` and `strict`.

    A check that ends in an error leaves its sentence in `check.json`, and no page of an earlier one.

    Returns:
        0 where nothing is wrong or warnings are all there is, else 1; with `strict` 1 after warnings, too.

    Raises:
        UserError: a setting makes no sense, or there is nothing to look at.
    """
    from segladder.data.doctor.checkup import check as checked
    from segladder.data.doctor.destination import destination
    from segladder.data.doctor.fix import require_whole, write_fixed

    workers, strict = _workers(own.get("workers", "auto")), _truth("strict", own.get("strict", "false"))
    root, checks = cfg["data"].get("root"), Path(cfg["paths"]["outputs"]) / "data"
    target = destination(own["fix"], root) if "fix" in own else None
    if "output" in own:
        _require_beside(Path(own["output"]), root)
    try:
        survey = _surveyed(cfg)
    except UserError as error:
        name = cfg["data"].get("name") or (Path(root).expanduser().resolve().name if root is not None else "")
        folder = Path(own["output"]) if "output" in own else _folder_of_unread(name, root, checks)
        _leave_error(folder, error, name=name, root=root)
        raise
    if target is not None:
        require_whole(survey)
    folder = Path(own.get("output") or checks / f"check-{_as_file(survey.name)}")
    _require_beside(folder, root)
    _make(folder)
    try:
        checkup = checked(survey, workers=workers)
    except UserError as error:
        _leave_error(folder, error, name=survey.name, root=survey.root)
        raise
    _print(checkup)
    _write(checkup, folder, workers=workers)
    if target is not None:
        for line in write_fixed(checkup, target, workers=workers, batch_sizes=_batch_sizes()):
            print(line, flush=True)
    return int(checkup.errors > 0 or (strict and checkup.warnings > 0))


def _surveyed(cfg: DictConfig) -> Survey:
    from omegaconf import OmegaConf

    from segladder.config.build import find_target
    from segladder.data.doctor.survey import survey
    from segladder.data.module import SegmentationDataModule

    module = find_target(cfg["data"]["_target_"], "data._target_")
    reader = getattr(module, "reader", None)
    if reader is None:
        raise UserError(
            f"data._target_ {cfg['data']['_target_']} has no reader, so its files cannot be looked at one by one."
        )
    loading = inspect.signature(SegmentationDataModule.__init__).parameters
    settings: Any = OmegaConf.to_container(cfg["data"], resolve=True)
    options = {key: value for key, value in settings.items() if key not in loading and not key.startswith("_")}
    found = survey(reader, options, seed=settings.get("seed", 0), limit=settings.get("limit"))
    if settings.get("on_bad_sample", "error") != "error":
        found.notes.append(
            f"data.on_bad_sample={settings['on_bad_sample']} has no effect here: all that cannot be read is named."
        )
    return found


def _batch_sizes() -> dict[str, int]:
    """Of the forms in which a copy is written, the samples of a step that they have if nobody says otherwise."""
    from omegaconf import OmegaConf

    from segladder.config.paths import conf_dir

    return {form: OmegaConf.load(conf_dir() / "data" / f"{form}.yaml").batch_size for form in ("folder", "coco")}


def _workers(text: str) -> int:
    from segladder.data.speed.workers import available_cores

    if text == "auto":
        return available_cores()
    if not text.isdigit():
        raise UserError(f"workers is '{text}'. Give a number of processes, 0 for none, or auto.")
    return int(text)


def _truth(name: str, text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise UserError(f"{name} is '{text}'. Give true or false.")
    return text.lower() == "true"


def _as_file(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "._+-" else "_" for letter in name) or "data"


def _require_beside(folder: Path, root: str | None) -> None:
    """
    Raises:
        UserError: it lies in the data set.
    """
    if root is not None and folder.resolve().is_relative_to(Path(root).expanduser().resolve()):
        raise UserError(f"output='{folder}' lies in data.root '{root}', which is only read. Name another folder.")


def _folder_of_unread(name: str, root: str | None, checks: Path) -> Path:
    """Where a set goes that cannot say what it is called: where it went before, else by the name that is guessed."""
    from segladder.data.doctor.written import root_of

    before = [path for path in sorted(checks.glob("check-*/check.json")) if root is not None and root_of(path) == root]
    return before[0].parent if before else checks / f"check-{_as_file(name)}"


def _leave_error(folder: Path, error: UserError, *, name: str, root: str | Path | None) -> None:
    """The sentence in place of what an earlier check has left; where the disk refuses, it is in the terminal alone."""
    from segladder.data.doctor.written import write_error

    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index.html").unlink(missing_ok=True)
        write_error(str(error), folder / "check.json", name=name, root=root)


def _make(folder: Path) -> None:
    """Before hours of reading, not after; what an earlier check has left there goes, as it is true no more."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("check.json", "index.html"):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from None


def _write(checkup: Checkup, folder: Path, *, workers: int) -> None:
    from segladder.data.doctor.sheet import write_sheet
    from segladder.data.doctor.written import write_json

    try:
        write_json(checkup, folder / "check.json")
        write_sheet(checkup, folder / "index.html", workers=workers)
    except OSError as error:
        raise _unwritable(folder, error) from None
    print(f"\nWrote {folder / 'index.html'} and check.json")


def _unwritable(folder: Path, error: OSError) -> UserError:
    return UserError(f"'{folder}' cannot be written ({error.strerror or error}). Name another folder: output=DIR.")


def _print(checkup: Checkup) -> None:
    survey = checkup.survey
    how = f" by {checkup.workers} processes" if checkup.workers > 1 else ""
    print(f"{survey.name}: {checkup.images:,} images read in {checkup.seconds:.1f} s{how}\n")
    for note in survey.notes:
        print(f"{note}\n")
    for group in checkup.groups:
        _print_group(group)
    _print_classes(checkup)
    _print_sizes(checkup)
    errors, warnings = checkup.errors, checkup.warnings
    if not checkup.groups:
        print("Nothing was found.")
    else:
        print(f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}")


def _print_group(group: Group) -> None:
    print(f"{group.severity.upper():<8}{group.title}: {group.count:,}")
    for finding in group.findings[:_EXAMPLES]:
        print(f"        {finding.file}: {finding.what}")
    if group.count > _EXAMPLES:
        print(f"        and {group.count - _EXAMPLES:,} more")
    print(f"        -> {group.todo}\n")


def _print_classes(checkup: Checkup) -> None:
    from segladder.data.doctor.sheet import share_words

    holds = [one for one in checkup.holds.values() if one.labelled]
    if not holds:
        return
    classes = [name if len(name) <= _NAME else f"{name[: _NAME - 3]}..." for name in checkup.survey.info.classes]
    width = max(len(name) for name in ("of all pixels: ignored", *classes))
    heads = [one.title for one in holds]
    columns = [max(10, len(head) + 2) for head in heads]
    print(f"{'class':<{width}}" + "".join(f"{h:>{w}}" for h, w in zip(heads, columns, strict=True)))
    parts = [[one.pixels[index] / max(int(one.pixels.sum()), 1) for one in holds] for index in range(len(classes))]
    shown = list(range(len(classes)))
    if len(classes) > _CLASSES:
        shown = sorted(sorted(shown, key=lambda index: -max(parts[index]))[:_CLASSES])
    for index in shown:
        name, shares = classes[index], parts[index]
        print(f"{name:<{width}}" + "".join(f"{share_words(s):>{w}}" for s, w in zip(shares, columns, strict=True)))
    if len(classes) > _CLASSES:
        print(f"and {len(classes) - _CLASSES} more with fewer pixels")
    for title, counts in (("ignored", [one.ignored for one in holds]), ("unknown", [one.unknown for one in holds])):
        if any(counts):
            every = [int(one.pixels.sum()) + one.ignored + one.unknown for one in holds]
            shares = [count / max(total, 1) for count, total in zip(counts, every, strict=True)]
            words = "".join(f"{share_words(s):>{w}}" for s, w in zip(shares, columns, strict=True))
            print(f"{f'of all pixels: {title}':<{width}}{words}")
    print()


def _print_sizes(checkup: Checkup) -> None:
    from segladder.data.doctor.sheet import size_words

    rows = [("split", "images", "labelled", "smallest", "median", "largest", "distinct sizes")]
    for one in checkup.holds.values():
        rows.append((one.title, f"{one.images:,}", f"{one.labelled:,}", *size_words(one)))  # type: ignore[arg-type]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for first, *rest in rows:
        cells = "".join(f"{cell:>{width + 2}}" for cell, width in zip(rest, widths[1:], strict=True))
        print(f"{first:<{widths[0]}}{cells}")
    print()


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
