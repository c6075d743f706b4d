"""Keeps secrets out of saved configs and logs.

Keys belong in the environment, but they get into configs by `${oc.env:…}` and onto command lines by haste.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from omegaconf.resolvers import oc

HIDDEN = "<hidden>"

_SECRET_KEY = re.compile(
    r"(^|[_\-.])(api_?key|access_?key(_id)?|secret(_?key)?|private_?key|(auth|access|bearer)?_?token|password|passwd"
    r"|passphrase|credentials?)$",
    re.IGNORECASE,
)
_SECRET_ENVIRONMENT = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)(_ID)?$", re.IGNORECASE)
_SECRET_VALUE = re.compile(
    r"\b(hf_[A-Za-z0-9]{20,}|wandb_v\d_\w{20,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|sk-[\w-]{20,}|AKIA[0-9A-Z]{16}"
    r"|xox[abprs]-[\w-]{10,}|glpat-[\w-]{20,})\b"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # user:password in a URL
)
_lock = threading.Lock()


def public(cfg: DictConfig) -> dict[str, Any]:
    """The config as a plain, resolved container that may be written to a file or sent to a tracker.

    Hidden are: whatever `oc.env` would insert, also where another value points at it (`<hidden: $NAME>`; the
    other parts of the text stay); texts under keys such as `api_key`, `token`, `password`; texts that look
    like keys of well-known services; values of the process' own secret environment variables, wherever they
    stand.

    Args:
        cfg: a composed config; not changed. `???` stays.
    """
    copy = OmegaConf.create(OmegaConf.to_container(cfg, resolve=False))
    with _hidden_environment():
        plain = _resolved(copy)
    result: dict[str, Any] = _scrubbed(plain)
    return result


def scrub(text: str) -> str:
    """An override or a line of a log without secrets: `wandb.api_key=abc` -> `wandb.api_key=<hidden>`."""
    key, equals, value = text.partition("=")
    if equals and value and _SECRET_KEY.search(key.strip().lstrip("+~")) and not re.search(r"\s", key.strip()):
        return f"{key}={HIDDEN}"
    for secret in _environment_secrets():
        text = text.replace(secret, HIDDEN)
    return _SECRET_VALUE.sub(HIDDEN, text)


def _scrubbed(node: Any, key: str = "") -> Any:
    if isinstance(node, dict):
        return {name: _scrubbed(value, str(name)) for name, value in node.items()}
    if isinstance(node, list):
        return [_scrubbed(value, key) for value in node]
    if isinstance(node, str):
        if node and node != "???" and _SECRET_KEY.search(key):
            return node if node.startswith("<hidden") else HIDDEN
        return scrub(node)
    return node


def _resolved(node: Any) -> Any:
    try:
        return OmegaConf.to_container(node, resolve=True)
    except OmegaConfBaseException:
        # one value does not resolve (a resolver fed with a hidden value, a missing key): keep the others
        if OmegaConf.is_dict(node):
            return {key: _resolved_item(node, key) for key in node}
        return [_resolved_item(node, index) for index in range(len(node))]


def _resolved_item(node: Any, key: Any) -> Any:
    if OmegaConf.is_missing(node, key):
        return "???"
    try:
        value = node[key]
    except OmegaConfBaseException:
        return HIDDEN
    return _resolved(value) if OmegaConf.is_config(value) else value


def _environment_secrets() -> list[str]:
    # short values ("1", "true") would blot out half the text
    found = {value for name, value in os.environ.items() if _SECRET_ENVIRONMENT.search(name) and len(value) >= 8}
    return sorted(found, key=len, reverse=True)


@contextmanager
def _hidden_environment() -> Iterator[None]:
    """Lets `oc.env` tell the variable's name in place of its value, however deep it is nested."""

    def hidden(name: str, default: object = None) -> str:
        return f"<hidden: ${name}>"

    with _lock:
        OmegaConf.register_new_resolver("oc.env", hidden, replace=True)
        try:
            yield
        finally:
            OmegaConf.register_new_resolver("oc.env", oc.env, use_cache=False, replace=True)
