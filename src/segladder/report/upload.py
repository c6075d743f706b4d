"""A report in Weights & Biases: its tables, its page, and all of its files as an artifact."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from segladder.report.report import Report
from segladder.report.sheets.sheet import Cell
from segladder.types import UserError

_OLDER = {"dryrun": "offline", "run": "online"}
"""Words that W&B still understands for its modes."""


def upload(report: Report, files: Sequence[Path], output: Path, *, project: str = "segladder") -> str:
    """Logs the report as a run of its own, as WANDB_MODE says; without it online where an API key is at hand.

    Args:
        report: what the tables are of.
        files: all that was written.
        output: the folder that they lie in; an offline run is left there.
        project: W&B project.

    Returns:
        A sentence that says where it is, or a warning that it is nowhere.

    Raises:
        UserError: W&B refused it, or could not be reached, or WANDB_MODE asks for what cannot be.
    """
    mode, why = _mode()
    if mode == "disabled":
        return (
            "Warning: nothing was sent to Weights & Biases, as WANDB_MODE is disabled. Unset it, or choose"
            " WANDB_MODE=offline to send the report later."
        )
    import wandb

    settings = wandb.Settings(console="off", silent=True, init_timeout=30, x_disable_stats=True)
    name = f"report-{report.root.resolve().name}"
    try:
        with contextlib.redirect_stderr(sys.stdout):
            run = wandb.init(
                project=project,
                name=name,
                job_type="report",
                mode=mode,  # type: ignore[arg-type]
                dir=str(output),
                config={"runs": sum(len(p.method.runs) for part in report.parts for p in part.board.places)},
                settings=settings,
            )
        artifact = wandb.Artifact(_artifact_name(name), type="report")
        for path in files:
            artifact.add_file(str(path), name=path.relative_to(output).as_posix())
        for part in report.parts:
            for sheet in part.sheets:
                columns = [_values([row[index] for row in sheet.rows]) for index in range(len(sheet.columns))]
                rows = [list(row) for row in zip(*columns, strict=True)]
                run.log({sheet.name: wandb.Table(columns=[column.key for column in sheet.columns], data=rows)})
        page = output / "report.html"
        if page.is_file():
            run.log({"page": wandb.Html(str(page), inject=False)})
        run.log_artifact(artifact)
        url, folder = run.url if mode == "online" else None, Path(run.dir).parent
        run.finish()
    except (wandb.errors.Error, OSError) as error:
        raise UserError(
            f"The report is written, but Weights & Biases did not take it: {str(error).rstrip('.')}. Try again with"
            " wandb=true, or with WANDB_MODE=offline."
        ) from error
    if url:
        return f"In Weights & Biases: {url}"
    return f"Not yet in Weights & Biases, {why}. Send it with: wandb sync {folder}"


def _mode() -> tuple[str, str]:
    """online, offline or disabled, and why."""
    from segladder.tasks.trackers.wandb_tracker import wandb_mode

    wish = os.environ.get("WANDB_MODE", "")
    if not wish:
        os.environ.pop("WANDB_MODE", None)  # W&B takes no empty word
    elif wish in _OLDER:
        os.environ["WANDB_MODE"] = _OLDER[wish]
    elif wish not in ("", "online", "offline", "disabled"):
        raise UserError(
            f"The report is written, but not sent: WANDB_MODE={wish} is none of online, offline, disabled. Choose one,"
            " or unset it."
        )
    mode = wandb_mode("auto")
    if mode == "online":
        try:
            wandb_mode("online")
        except UserError:
            raise UserError(
                "The report is written, but not sent: WANDB_MODE is online, and no W&B API key is on this machine. Run"
                " `wandb login` once, or choose WANDB_MODE=offline."
            ) from None
    return mode, f"as WANDB_MODE is {wish}" if wish else "as no W&B API key is on this machine"


def _artifact_name(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in name)[:128]


def _values(cells: Sequence[Cell]) -> list[float | str | None]:
    """A column of one type: numbers where all that is known are, else texts."""
    known = [cell.value for cell in cells if cell.text]
    if known and all(isinstance(value, int | float) for value in known):
        return [cell.value for cell in cells]
    return [cell.text for cell in cells]
