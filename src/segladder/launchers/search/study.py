"""A search as it lies on disk: every trial with its parameters and values, in SQLite, one search at a time.

A trial is put into the database whole, with its parameters, before it starts, so one that a dead search left `RUNNING`
can be done again as it was: the same parameters make the same run, which goes on from its checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segladder.launchers.search.objectives import Objective
from segladder.launchers.search.settings import Settings, optuna_or_sentence
from segladder.launchers.search.space import Space
from segladder.runs.lock import BusyError, RunLock
from segladder.runs.storage import storing
from segladder.types import UserError

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

DATABASE = "search.db"
_LOCK = "search.lock"
_DEFINITION, _FOLDER, _ERROR, _RETRIED = "definition", "folder", "error", "retried"
_WHAT = {"space": "searches", "objectives": "is after", "fixed": "runs with"}


class SearchStudy:
    """The trials of one search."""

    def __init__(self, folder: Path, name: str, space: Space, objectives: Sequence[Objective], settings: Settings):
        """
        Args:
            folder: the study's, beside whose runs the database lies.
            name: the study's.
            space: what is searched.
            objectives: what for.
            settings: how trials are asked for and pruned.

        Raises:
            UserError: the database holds another search, or cannot be used.
        """
        self.name, self.path, self.url = name, folder / DATABASE, url_of(folder / DATABASE)
        self._space, self._settings = space, settings
        self._distributions = {d.key: d.distribution() for d in space.dimensions}
        self._directions = [objective.direction for objective in objectives]
        self._study = self._open()
        self._check_definition(definition_of(space, objectives))

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials, by number, as they are in the database now."""
        found: list[FrozenTrial] = self._study.get_trials(deepcopy=False)
        return found

    @property
    def study(self) -> Any:
        """Optuna's own."""
        return self._study

    def unfinished(self) -> list[FrozenTrial]:
        """Trials that a search which is no more has left behind."""
        return [trial for trial in self.trials if not trial.state.is_finished()]

    def failed(self) -> list[FrozenTrial]:
        """Trials that failed and were not tried again."""
        return [trial for trial in self.current() if trial.state.name == "FAIL"]

    def current(self) -> list[FrozenTrial]:
        """All trials but those that were tried again."""
        trials = self.trials
        again = {trial.user_attrs.get(_RETRIED) for trial in trials}
        return [trial for trial in trials if trial.number not in again]

    def count(self) -> int:
        """Trials that there are, of those that were tried again the last alone."""
        return len(self.current())

    def ask(self) -> FrozenTrial:
        """One more trial, running from now on."""
        params, notes = self.next_parameters()
        return self._add(params, system_attrs=notes)

    def again(self, trial: FrozenTrial) -> FrozenTrial:
        """A failed trial once more, under a number of its own."""
        return self._add(trial.params, user_attrs={_RETRIED: trial.number})

    def next_parameters(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What would be asked for now, and what the sampler notes about it; the database stays as it is.

        A function of the trials so far and the next one's number alone.
        """
        optuna = optuna_or_sentence()
        trials = self.trials
        copy = optuna.create_study(
            study_name=self.name,
            directions=self._directions,
            sampler=self._settings.make_sampler(len(trials)),
            pruner=self._settings.make_pruner(),
        )
        copy.add_trials(trials)
        asked = copy.ask(self._distributions)
        params = {d.key: d.kept(asked.params[d.key]) for d in self._space.dimensions}
        return params, dict(copy.get_trials(deepcopy=False)[-1].system_attrs)

    def tell(
        self, number: int, state: str, *, values: Sequence[float] | None = None, folder: Path | None, error: str = ""
    ) -> None:
        """How a trial ended.

        Args:
            number: the trial's.
            state: COMPLETE, PRUNED or FAIL.
            values: one per objective of a complete one.
            folder: of its run.
            error: why it failed.
        """
        optuna = optuna_or_sentence()
        trial = optuna.trial.Trial(self._study, self.trials[number]._trial_id)
        if folder is not None:
            trial.set_user_attr(_FOLDER, folder.name)
        if error:
            trial.set_user_attr(_ERROR, error[:2000])
        self._study.tell(number, values, state=optuna.trial.TrialState[state])

    def folder(self, trial: FrozenTrial) -> Path | None:
        """The run folder of a trial that has ended."""
        name = trial.user_attrs.get(_FOLDER)
        return None if name is None else self.path.parent / name

    def _add(self, params: Mapping[str, Any], **attrs: Any) -> FrozenTrial:
        optuna = optuna_or_sentence()
        state = optuna.trial.TrialState.RUNNING
        number = len(self.trials)
        self._study.add_trial(
            optuna.trial.create_trial(state=state, params=dict(params), distributions=self._distributions, **attrs)
        )
        return self.trials[number]

    def _open(self) -> Any:
        optuna = optuna_or_sentence()
        from sqlalchemy.exc import SQLAlchemyError

        try:
            # a sampler of its own would ask for a relative space; here trials are only kept
            return optuna.create_study(
                storage=storage_at(self.url),
                study_name=self.name,
                directions=self._directions,
                sampler=optuna.samplers.RandomSampler(),
                load_if_exists=True,
            )
        except (SQLAlchemyError, RuntimeError, optuna.exceptions.OptunaError) as error:
            why = " ".join(str(error).split())[:200]
            raise UserError(
                f"The search's database '{self.path}' cannot be used: {why} Restore it, or move it away: the runs"
                " stay, and the same parameters find them again."
            ) from error

    def _check_definition(self, definition: Mapping[str, Any]) -> None:
        kept = self._study.user_attrs.get(_DEFINITION)
        if kept is None:
            self._study.set_user_attr(_DEFINITION, dict(definition))
            return
        for part, now in definition.items():
            before = kept.get(part)
            if before != now:
                raise UserError(
                    f"Study '{self.name}' {_WHAT[part]} {_told(before)}, and now it would be {_told(now)}. Trials of"
                    f" two searches cannot be compared: give this one a name of its own, study_name=NAME."
                )


@contextmanager
def alone(folder: Path, name: str) -> Iterator[None]:
    """Holds the lock of a search.

    Raises:
        UserError: another process is at the same search, or the folder cannot be written.
    """
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    lock = RunLock(folder / _LOCK)
    try:
        lock.acquire()
    except BusyError as error:
        raise UserError(
            f"Another search is at study '{name}' ({error.owner or 'another process'}). Wait until it has ended, or"
            " give this one a name of its own: study_name=NAME."
        ) from None
    with lock:
        yield


def url_of(path: Path) -> str:
    """The database as Optuna is told of it."""
    return f"sqlite:///{path.absolute()}"


def storage_at(url: str) -> Any:
    """The database, waited for while another process writes into it."""
    optuna = optuna_or_sentence()
    return optuna.storages.RDBStorage(url, engine_kwargs={"connect_args": {"timeout": 60}})


def definition_of(space: Space, objectives: Sequence[Objective]) -> dict[str, Any]:
    """What makes trials comparable: a search with another definition is another search."""
    from segladder.runs.identity import NEUTRAL

    def decides(word: str) -> bool:
        key = word.partition("=")[0].lstrip("+~")
        # study=NAME brings a configuration with it, unlike the key that it is kept under
        return key == "study" or not any(key == name or key.startswith(f"{name}.") for name in NEUTRAL)

    return {
        "space": {d.key: d.typed for d in space.dimensions},
        "objectives": [objective.name for objective in objectives],
        "fixed": sorted(word for word in space.fixed if decides(word)),
    }


def _told(part: Any) -> str:
    if isinstance(part, dict):
        return " ".join(f"{key}={value}" for key, value in part.items()) or "nothing"
    return " ".join(map(str, part or [])) or "nothing"
