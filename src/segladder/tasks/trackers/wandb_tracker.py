"""Weights & Biases: online or offline without asking, one id over resumes, images with named overlays."""

from __future__ import annotations

import contextlib
import netrc
import os
import sys
import warnings
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlparse

from pytorch_lightning.loggers import WandbLogger
from pytorch_lightning.utilities import rank_zero_only

from segladder.tasks.trackers.context import RunContext
from segladder.tasks.trackers.wandb_examples import class_map_examples, object_examples
from segladder.types import DatasetInfo, UserError
from segladder.viz import GridRow, InstanceRow

WANDB_MODES = ("auto", "online", "offline", "disabled")


class WandbTracker(WandbLogger):
    """Lightning's WandbLogger that asks for nothing, keeps its id over resumes and never ends a run.

    Online where an API key is at hand, offline else; where the server does not answer, the run goes on offline.
    Steps are the optimizer's, so the parts of a resumed offline run continue each other.
    """

    def __init__(
        self,
        *,
        context: RunContext,
        mode: str = "auto",
        project: str = "segladder",
        entity: str | None = None,
        tags: list[str] | None = None,
    ) -> None:
        """
        Args:
            context: the run.
            mode: "auto", "online", "offline" or "disabled".
            project: W&B project.
            entity: W&B user or team; null: the account's default.
            tags: W&B tags beside those of the run's choices.

        Raises:
            UserError: an unknown mode, or "online" without an API key.
        """
        import wandb

        self.mode = wandb_mode(mode)
        self._scrub = context.scrub
        settings = wandb.Settings(console="off", silent=True, init_timeout=30, x_disable_stats=True)
        super().__init__(
            name=context.name,
            save_dir=context.folder,
            id=context.wandb_id,
            project=project,
            entity=entity,
            group=context.group,
            job_type=context.job_type,
            # W&B refuses tags of more than 64 characters
            tags=[tag[:64] for tag in dict.fromkeys([*context.tags, *(tags or [])])],
            config=dict(context.config),
            resume="allow",
            mode=self.mode,
            settings=settings,
            log_model=False,
        )
        # an argument that wandb has dropped and warns about at each start
        self._wandb_init.pop("anonymous", None)
        # wandb itself makes the folder only for real runs
        (context.folder / "wandb").mkdir(parents=True, exist_ok=True)
        # a table's images wait here for their upload; by default that is the home folder, apart from the run
        os.environ["WANDB_DATA_DIR"] = str((context.folder / "wandb").resolve())

    @property
    def experiment(self) -> Any:
        import wandb

        try:
            # a resumed offline run warns that it cannot resume; its id and steps carry on all the same
            with warnings.catch_warnings(), _arguments_scrubbed(self._scrub):
                warnings.simplefilter("ignore")
                return super().experiment
        except wandb.errors.CommError as error:
            if self.mode == "offline":
                raise
            warnings.warn(
                f"Weights & Biases does not answer ({error}); this run is logged offline."
                f" Upload it later with `wandb sync`.",
                stacklevel=2,
            )
            self.mode = "offline"
            self._wandb_init["mode"] = "offline"
            return super().experiment

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Nothing: the composed configuration was given at the start."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        run = self.experiment
        if step is None:
            run.log(dict(metrics))
        else:
            run.log({**metrics, "trainer/global_step": step}, step=step)

    @rank_zero_only
    def log_examples(
        self, key: str, rows: Sequence[GridRow] | Sequence[InstanceRow], info: DatasetInfo, *, step: int
    ) -> None:
        """Images and a table of them, with truth and prediction as overlays that name the classes.

        Args:
            key: what the images are called; the table is `<key>_table`.
            rows: all of class maps, or all of objects.
            info: the classes.
            step: of the optimizer.
        """
        objects = [row for row in rows if isinstance(row, InstanceRow)]
        maps = [row for row in rows if isinstance(row, GridRow)]
        examples = object_examples(objects, info) if objects else class_map_examples(maps, info)
        self.experiment.log({key: examples.images, f"{key}_table": examples.table}, step=step)

    @rank_zero_only
    def close(self, exit_code: int) -> None:
        """Ends the W&B run with the process's exit code."""
        if self._experiment is not None:
            self._experiment.finish(exit_code=exit_code)


@contextlib.contextmanager
def _arguments_scrubbed(scrub: Callable[[str], str]) -> Iterator[None]:
    """wandb writes the command line into its file; what looks like a key is not for it."""
    typed = sys.argv
    sys.argv = [scrub(word) for word in typed]
    try:
        yield
    finally:
        sys.argv = typed


def wandb_mode(mode: str) -> str:
    """What `mode` comes to on this machine: "online", "offline" or "disabled".

    Raises:
        UserError: an unknown mode, or "online" without an API key.
    """
    if mode not in WANDB_MODES:
        raise UserError(f"logger.wandb.mode is '{mode}'; it is one of {', '.join(WANDB_MODES)}.")
    if mode == "online" and not _has_key():
        raise UserError(
            "logger.wandb.mode=online, but no W&B API key is on this machine."
            " Run `wandb login` once, set WANDB_API_KEY, or choose logger.wandb.mode=offline."
        )
    if mode != "auto":
        return mode
    wish = os.environ.get("WANDB_MODE")
    if wish in ("online", "offline", "disabled"):
        return wish
    return "online" if _has_key() else "offline"


def _has_key() -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname or ""
    with contextlib.suppress(OSError, netrc.NetrcParseError):
        return netrc.netrc(os.environ.get("NETRC")).authenticators(host) is not None
    return False
