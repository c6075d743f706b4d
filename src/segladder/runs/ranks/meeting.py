"""How processes that torchrun, SLURM or a hand has started find each other: by files below `paths.outputs`.

Each other process leaves a card with a random number and keeps it fresh; rank zero answers with its word to exactly
those numbers. A word or a card that an earlier, killed start has left behind names numbers that nobody has.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import stat
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from segladder.runs.lock import SILENCE
from segladder.runs.process import Owner, lives, this_process
from segladder.runs.ranks.team import Lost, Word
from segladder.runs.ranks.world import World
from segladder.runs.storage import storing
from segladder.types import UserError

FOLDER = ".ranks"
"""Below `paths.outputs`; nothing is left in it when a run has ended by itself."""

_BEAT = 5.0
_TICK = 0.1
_PATIENCE = 600.0
"""Seconds that all processes have to come: on a cluster, machines start one after another."""
_LEAVING = 60.0
"""Seconds that rank zero waits for the others to come before it leaves without training."""
_RANK_ZERO = 0


@dataclass(frozen=True)
class _Card:
    owner: Owner
    state: str
    """here, ready, done, stopped, failed, killed."""
    error: str


class _Place:
    """The folder of one meeting, and this process's card in it."""

    def __init__(self, outputs: Path, world: World) -> None:
        self.world = world
        name = hashlib.sha256(world.token.encode()).hexdigest()[:16]
        self.folder = outputs / FOLDER / name
        self.owner = this_process(secrets.token_hex(8))
        self._seen: dict[int, tuple[float, float]] = {}
        self._over = threading.Event()
        with storing(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._require_own()
        self.show("here")
        threading.Thread(target=self._beat, name="rank-card", daemon=True).start()

    def show(self, state: str, error: str = "") -> None:
        self.put(f"rank{self.world.rank}", json.dumps({"owner": self.owner.to_json(), "state": state, "error": error}))

    def card(self, rank: int) -> _Card | None:
        """Another process's card; None where there is none, or none that can be read."""
        try:
            data = json.loads((self.folder / f"rank{rank}").read_bytes())
            owner = Owner.from_json(data["owner"])
            return _Card(owner, str(data["state"]), str(data["error"])) if owner else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def alive(self, rank: int, card: _Card) -> bool:
        """Whether the card's process lives: known on this machine, by its beats on others."""
        known = lives(card.owner)
        if known is not None:
            return known
        with suppress(OSError):
            touched = (self.folder / f"rank{rank}").stat().st_mtime
            # by our own clock, from when we first saw this beat: a file server's may differ
            if self._seen.get(rank, (None,))[0] != touched:
                self._seen[rank] = (touched, time.monotonic())
        return rank in self._seen and time.monotonic() - self._seen[rank][1] < SILENCE

    def put(self, name: str, text: str) -> None:
        """A file that only its owner may read, whole from the first moment."""
        partial = self.folder / f".{name}.{secrets.token_hex(4)}"
        with storing(self.folder):
            descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            partial.replace(self.folder / name)

    def leave(self) -> None:
        self._over.set()

    def _require_own(self) -> None:
        found = self.folder.stat()
        if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise UserError(
                f"'{self.folder}' belongs to another user or may be written by others, so that what rank zero says"
                " there cannot be believed. Remove it, or choose another folder with paths.outputs=DIR."
            )

    def _beat(self) -> None:
        while not self._over.wait(_BEAT):
            with suppress(OSError):
                os.utime(self.folder / f"rank{self.world.rank}")


class Host:
    """Rank zero's side; see `ranks.Peers`."""

    def __init__(self, outputs: Path, world: World) -> None:
        self._place = _Place(outputs, world)
        self._others = range(1, world.size)
        self._answered: dict[int, str] = {}
        self._given = False
        self._each = 1

    def give(self, word: Word, *, each: int = 1) -> None:
        """Tells all others what to do, when they have come.

        Args:
            word: what to do.
            each: processes of the run that each of them stands for, with those that it starts on its machine.

        Raises:
            UserError: some did not come.
        """
        self._given, self._each = True, each
        missing = self._answer({"word": asdict(word)}, patience=_PATIENCE)
        if missing:
            raise UserError(
                f"Of the {self._place.world.size} processes that {self._place.world.starter} was to start, rank"
                f" {', '.join(map(str, missing))} did not come within {_PATIENCE / 60:.0f} minutes: all of them need"
                f" the same paths.outputs, on a disk that they share ('{self._place.folder.parent.parent}')."
            )

    def dismiss(self, code: int, *, patience: float = _LEAVING) -> None:
        """Sends the others home without training, unless they are at it already."""
        if not self._given:
            self._given = True
            self._answer({"leave": code}, patience=patience)
        self.end()

    def lost(self) -> Lost | None:
        for rank in self._others:
            card = self._place.card(rank)
            if card is None or card.owner.token != self._answered.get(rank):
                continue
            if card.state in ("failed", "killed"):
                what = "failed" if card.state == "failed" else "has lost another on its machine"
                how = f"{what}: {card.error}"
                return Lost(rank=rank * self._each, how=how, killed=card.state == "killed")
            if card.state not in ("done", "stopped") and not self._place.alive(rank, card):
                how = f"({card.owner}) is gone without a word: it was killed, or its machine is down"
                return Lost(rank=rank * self._each, how=how, killed=True)
        return None

    def ready(self) -> bool:
        return all(self._state(rank) in ("ready", "done", "stopped") for rank in self._others)

    def done(self) -> bool:
        return all(self._state(rank) in ("done", "stopped", "failed", "killed") for rank in self._others)

    def end(self) -> None:
        """The others see that rank zero is done; who still trains ends itself."""
        with suppress(OSError, UserError):
            self._place.show("done" if self.done() else "failed")
        self._place.leave()
        if self.done():
            shutil.rmtree(self._place.folder, ignore_errors=True)
            with suppress(OSError):
                self._place.folder.parent.rmdir()

    def _state(self, rank: int) -> str:
        card = self._place.card(rank)
        return card.state if card is not None and card.owner.token == self._answered.get(rank) else ""

    def _answer(self, said: dict[str, Any], *, patience: float) -> list[int]:
        """Answers every card, again where a live process's takes the place of a dead one's; returns who is missing."""
        end = time.monotonic() + patience
        while True:
            cards = {rank: card for rank in self._others if (card := self._place.card(rank)) is not None}
            # one that was answered may have come to its end since, however short that took
            tokens = {
                rank: card.owner.token
                for rank, card in cards.items()
                if card.owner.token == self._answered.get(rank) or self._place.alive(rank, card)
            }
            if tokens != self._answered:
                self._answered = tokens
                self._place.put("word", yaml.safe_dump({"to": tokens} | said))
            # whose state is beyond `here` has read it
            missing = [rank for rank in self._others if self._state(rank) in ("", "here")]
            if not missing:
                (self._place.folder / "word").unlink(missing_ok=True)  # it may hold secrets
            if not missing or time.monotonic() > end:
                return missing
            time.sleep(_TICK)


class Visitor:
    """The side of a process beside rank zero; see `followers.Guest`."""

    def __init__(self, outputs: Path, world: World) -> None:
        self._place = _Place(outputs, world)
        self._over = threading.Event()

    def wait_for_word(self) -> Word | int:
        """What rank zero says: a job to follow, or the exit code to leave with.

        Raises:
            UserError: rank zero did not come, or has ended without a word.
        """
        deadline = time.monotonic() + _PATIENCE
        seen = ""
        while True:
            said = self._read()
            if said is not None:
                if "leave" in said:
                    self.tell("done")
                    return int(said["leave"])
                self.tell("read")
                threading.Thread(target=self._watch, name="rank-zero-watch", daemon=True).start()
                return Word(**said["word"])
            card = self._place.card(_RANK_ZERO)
            if card is not None and self._place.alive(_RANK_ZERO, card):
                seen = card.owner.token
                deadline = time.monotonic() + _PATIENCE
            elif card is not None and seen == card.owner.token:
                raise UserError("Rank zero has ended before training began. Its own output says why.")
            if time.monotonic() > deadline:
                raise UserError(
                    f"Rank zero did not come within {_PATIENCE / 60:.0f} minutes. All processes need the same"
                    f" paths.outputs, on a disk that they share ('{self._place.folder.parent.parent}')."
                )
            time.sleep(_TICK)

    def tell(self, state: str, error: str = "") -> None:
        if state in ("done", "stopped", "failed", "killed"):
            self._over.set()
            self._place.leave()
        with suppress(OSError, UserError):  # rank zero may have tidied up already
            self._place.show(state, error)

    def _read(self) -> dict[str, Any] | None:
        path = self._place.folder / "word"
        try:
            with open(path, "rb") as file:
                if os.fstat(file.fileno()).st_uid != os.geteuid():
                    return None
                said = yaml.safe_load(file)
        except (OSError, yaml.YAMLError):
            return None
        mine = isinstance(said, dict) and said.get("to", {}).get(self._place.world.rank) == self._place.owner.token
        return said if mine else None

    def _watch(self) -> None:
        """Ends this process soon after rank zero, for which it would wait in vain."""
        while not self._over.wait(5 * _TICK):
            card = self._place.card(_RANK_ZERO)
            if card is not None and (card.state == "failed" or not self._place.alive(_RANK_ZERO, card)):
                if self._over.wait(1.0):
                    return
                sys.stderr.write("Rank zero has ended, so this process ends, too.\n")
                sys.stderr.flush()
                os._exit(1)
