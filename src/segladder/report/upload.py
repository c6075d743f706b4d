"""A report in Weights & Biases: its tables, its page, and all of its files as an artifact."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

from segladder.report.report import Report
from segladder.report.sheets.sheet import Cell
from segladder.types import UserError


def upload(report: Report, files: Sequence[Path], output: Path, *, project: str = "segladder") -> str:
    """Logs the report as a run of its own, online where an API key is at hand, offline else.

    Args:
        report: what the tables are of.
        files: all that was written.
        output: the folder that they lie in; an offline run is left there.
        project: W&B project.

    Returns:
        A sentence that says where it is.

    Raises:
        UserError: W&B refused it, or could not be reached.
    """
    import wandb

    from segladder.tasks.trackers.wandb_tracker import wandb_mode

    settings = wandb.Settings(console="off", silent=True, init_timeout=30, x_disable_stats=True)
    name = f"report-{report.root.resolve().name}"
    try:
        with contextlib.redirect_stderr(sys.stdout):
            run = wandb.init(
                project=project,
                name=name,
                job_type="report",
                mode=wandb_mode("auto"),  # type: ignore[arg-type]
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
        url, folder = run.url, Path(run.dir).parent
        run.finish()
    except (wandb.errors.Error, OSError) as error:
        raise UserError(
            f"The report is written, but Weights & Biases did not take it: {error}. Try again with wandb=true, or with"
            " WANDB_MODE=offline."
        ) from error
    return f"In Weights & Biases: {url}." if url else f"For Weights & Biases, offline: wandb sync {folder}"


def _artifact_name(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in name)[:128]


def _values(cells: Sequence[Cell]) -> list[float | str | None]:
    """A column of one type: numbers where all that is known are, else texts."""
    known = [cell.value for cell in cells if cell.text]
    if known and all(isinstance(value, int | float) for value in known):
        return [cell.value for cell in cells]
    return [cell.text for cell in cells]
