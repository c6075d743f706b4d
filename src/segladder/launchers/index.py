"""What earlier starts of a sweep found out about its jobs, so that a finished sweep says so in seconds.

A job's facts depend on its words, the config folders, the code, and the files that it reads. The index keeps them by a
hash of the first two and of the package's code; of the other inputs it keeps what the disk says of them. It saves time
alone: without it, or with a damaged one, everything is found out anew.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import stat
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from segladder.runs.atomic import write_atomic
from segladder.runs.code import fingerprint
from segladder.runs.facts import Facts
from segladder.types import UserError

if TYPE_CHECKING:
    from hydra.types import HydraContext

NAME = ".sweep-index.json"
_MOST = 20_000
_OF_LAUNCHER = re.compile(r"[+~]{0,2}hydra[./]launcher\b")
"""Words that say where and how many at once, and nothing about what a job is."""
_ENVIRONMENT = re.compile(rb"oc\.env:\s*([A-Za-z_][A-Za-z0-9_]*)")


class Index:
    """The facts known of jobs, in `<paths.outputs>/.sweep-index.json`."""

    def __init__(self, path: Path, ground: str) -> None:
        """
        Args:
            path: the file.
            ground: what all facts stand on: config folders, code, working folder.
        """
        self._path, self._ground = path, ground
        self._known: dict[str, Any] = {}
        self._seen: dict[str, str] = {}
        try:
            content = json.loads(path.read_bytes())
            if content["ground"] == ground:
                self._known = dict(content["jobs"])
        except (OSError, ValueError, KeyError, TypeError):
            # there is none yet, or it is no index: all it could do is save time
            self._known = {}

    @classmethod
    def of(cls, config: DictConfig, context: HydraContext) -> Index:
        """The index below `paths.outputs` of the sweep's own configuration."""
        outputs = Path(str(OmegaConf.select(config, "paths.outputs") or "outputs"))
        return cls(outputs / NAME, _ground(config, context))

    def facts(self, words: Sequence[str]) -> Facts | None:
        """What is known of the job with these words, if that still holds."""
        entry = self._known.get(_key(words))
        if entry is None:
            return None
        if any(self._look(path) != seen for path, seen in entry["inputs"].items()):
            return None
        values = entry["facts"]
        facts = Facts(
            **(values | {key: tuple(values[key]) for key in ("warnings", "inputs", "plugins")})
            | {"outputs": Path(values["outputs"])}
        )
        try:
            return facts if _fingerprint(facts.plugins) == facts.fingerprint else None
        except UserError:
            return None  # a plug-in is gone; checking the job anew says so

    def add(self, found: Mapping[tuple[str, ...], Facts]) -> None:
        """Keeps what was found out, the newest last."""
        for words, facts in found.items():
            values = asdict(facts) | {"outputs": str(facts.outputs)}
            self._known[_key(words)] = {"facts": values, "inputs": {p: self._look(p) for p in facts.inputs}}
        if not found or not self._path.parent.is_dir():
            return
        kept = dict(list(self._known.items())[-_MOST:])
        write_atomic(self._path, json.dumps({"ground": self._ground, "jobs": kept}))

    def _look(self, path: str) -> str:
        if path not in self._seen:
            self._seen[path] = _look(Path(path))
        return self._seen[path]


_fingerprint = functools.cache(fingerprint)


def _key(words: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(list(words)).encode()).hexdigest()[:32]


def _ground(config: DictConfig, context: HydraContext) -> str:
    total = hashlib.sha256()
    sources = [str(entry.path) for entry in context.config_loader.get_search_path().get_path()]
    names: set[bytes] = set()
    for source in sources:
        total.update(source.encode() + b"\0")
        folder = Path(source.removeprefix("file://"))
        for file in sorted(folder.glob("**/*.yaml")) if folder.is_dir() else []:
            content = file.read_bytes()
            names.update(_ENVIRONMENT.findall(content))
            total.update(str(file).encode() + b"\0" + hashlib.sha256(content).digest())
    for name in sorted(names):
        total.update(name + b"=" + os.environ.get(name.decode(), "").encode("utf-8", "surrogateescape") + b"\0")
    about = (
        config.hydra.job.config_name,
        [word for word in config.hydra.overrides.hydra if not _OF_LAUNCHER.match(word)],
        str(Path.cwd()),
        sys.version,
        _fingerprint(),
    )
    total.update(json.dumps(about).encode())
    return total.hexdigest()


def _look(path: Path) -> str:
    """What the disk says of a file, or of all files in a folder: names, sizes, times of change."""
    total = hashlib.sha256()
    stack, entered = [str(path)], set()
    while stack:
        here = stack.pop()
        try:
            status = Path(here).stat()
            if stat.S_ISDIR(status.st_mode):
                # folders are often links here, and links can go in circles
                if (status.st_dev, status.st_ino) not in entered:
                    entered.add((status.st_dev, status.st_ino))
                    stack += sorted(entry.path for entry in os.scandir(here))
                continue
            told = f"{here}\0{status.st_size}\0{status.st_mtime_ns}"
        except OSError as error:
            told = f"{here}\0{error.errno}"
        total.update(told.encode("utf-8", "surrogateescape"))
    return total.hexdigest()
