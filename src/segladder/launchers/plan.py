"""One job of a sweep before it starts: its words, what is known of it, and what is to be done about it."""

from __future__ import annotations

from dataclasses import dataclass

from omegaconf import DictConfig

from segladder.runs.facts import Facts
from segladder.runs.resume import Decision, decide


@dataclass(kw_only=True)
class Plan:
    """One job of a sweep and what is to be done about it."""

    number: int
    """Its place in the sweep, from 0."""
    words: tuple[str, ...]
    """Its overrides, Hydra's own among them."""
    settings: dict[str, str]
    """The keys in which the sweep's jobs differ, with its values."""
    config: DictConfig | None = None
    """Composed, with its `hydra` node; None until it is needed."""
    facts: Facts | None = None
    """None for commands whose jobs leave no record of their own."""
    decision: Decision | None = None
    same_as: int | None = None
    """The number of an earlier job that comes out identical."""

    @property
    def title(self) -> str:
        return " ".join(f"{key}={value}" for key, value in self.settings.items()) or f"job {self.number + 1}"

    def decide(self) -> Decision | None:
        """Looks into the folders once more."""
        if self.facts is not None:
            facts = self.facts
            self.decision = decide(
                facts.outputs,
                facts.study,
                facts.name,
                facts.id,
                facts.fingerprint,
                sweep=True,
                retry=facts.retry,
                rerun=facts.rerun,
            )
        return self.decision
