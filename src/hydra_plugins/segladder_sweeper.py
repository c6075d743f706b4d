"""Hydra's door to sweeps over a grid: every combination of what was typed, all handed to the launcher at once."""

from __future__ import annotations

from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

from segladder.types import UserError


class GridSweeper(BasicSweeper):
    """Hydra's basic sweeper without its stop at the first failure, its composing of each job twice, and its
    `multirun.yaml` among the run folders.

    Hydra behaviours this leans on (1.3): `BasicSweeper.split_arguments`, `params` and `max_batch_size`.
    """

    def sweep(self, arguments: list[str]) -> Any:
        from segladder.launchers.sweep import conclude

        assert self.hydra_context is not None and self.launcher is not None
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        overrides = parser.parse_overrides([*self._parse_config(), *arguments])
        _require_grid(overrides)
        returned: list[Any] = []
        for batch in self.split_arguments(overrides, self.max_batch_size):
            returned += self.launcher.launch(batch, initial_job_idx=len(returned))
        conclude(returned)
        return returned


def _require_grid(overrides: list[Override]) -> None:
    """
    Raises:
        UserError: a word that has no end of values, or none at all.
    """
    for override in overrides:
        if not override.is_sweep_override():
            continue
        if not override.is_discrete_sweep():
            raise UserError(
                f"'{override.input_line}' is for searches. Add hydra/sweeper=optuna, or give values: "
                f"{override.get_key_element()}=A,B,C."
            )
        try:
            any_value = next(override.sweep_string_iterator(), None) is not None
        except ValueError as error:
            raise UserError(f"'{override.input_line}' cannot be counted through: {error}. Give others.") from error
        if not any_value:
            raise UserError(f"'{override.input_line}' means no value at all, so there would be no job. Give others.")
