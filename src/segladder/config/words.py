"""What a user's words become before Hydra parses them: paths are quoted, refused choices get a sentence.

Hydra's override grammar (1.3, `OverrideLexer.g4`) stops at `= ~ ( [ { # & ' "` and spaces in unquoted values
and splits them at commas; file names have all of these. Inside quotes only the quote itself and the
backslashes before one are special.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

PATH_KEYS = frozenset(
    {
        "data.root",
        "data.annotations",
        "data.cache_dir",
        "data.split",
        "paths.outputs",
        "model.weights",
        "backbone.weights",
        "init_from",
        "run",
        "runs",
        "input",
        "output",
        "predictions.path",
    }
)
"""Keys whose value is a path, or a word among paths (`model.weights=coco`)."""

_BARE = re.compile(r"null|true|false|\?\?\?", re.IGNORECASE)
_FUNCTION = re.compile(r"(choice|glob|range|shuffle|sort)\(.*\)")


def prepare_overrides(
    overrides: Sequence[str], *, sweep: bool = False, path_keys: Collection[str] = PATH_KEYS
) -> list[str]:
    """The overrides as Hydra should get them.

    Args:
        overrides: arguments as the shell passed them; flags (`--cfg job`) pass through.
        sweep: whether `-m` was given: commas between path values then separate jobs.
        path_keys: see `quote_paths`.

    Raises:
        UserError: `loss=null`, `loss=term/x`.
    """
    # brings Hydra along, which who only quotes words does without
    from segladder.config.loss import refuse_loss_words

    refuse_loss_words(overrides)
    return quote_paths(overrides, path_keys, sweep=sweep)


def quote_paths(argv: Sequence[str], path_keys: Collection[str] = PATH_KEYS, *, sweep: bool = False) -> list[str]:
    """Quotes the values of path keys, so that Hydra takes them literally.

    Left alone: what is quoted already, `null`, `true`, `false`, `???`, and sweeps' functions (`choice(a,b)`).
    An interpolation (`${paths.outputs}/x`) resolves inside quotes, too. In a sweep a value with commas is one
    path if that exists, else a list of jobs.

    >>> quote_paths(["data.root=/data/a=b, (c)", "seed=1"], {"data.root"})
    ["data.root='/data/a=b, (c)'", 'seed=1']
    """
    return [_quoted(argument, path_keys, sweep) for argument in argv]


def unquoted(word: str) -> str:
    """A word as it is typed: without the quotes that `quote_paths` has put around its value.

    >>> unquoted("data.root='/data/a=b'"), unquoted("name='it\\'s'")
    ('data.root=/data/a=b', "name='it\\'s'")
    """
    key, _, value = word.partition("=")
    plain = value[1:-1]
    if key.lstrip("+") in PATH_KEYS and _is_quoted(value) and not re.search(r"['\"\\]", plain) and plain:
        return f"{key}={plain}"
    return word


def renamed(argv: Sequence[str], names: Mapping[str, str]) -> list[str]:
    """The arguments with some keys under other names: `predictions=DIR` is to a config with `predictions.ids` what
    `predictions.path=DIR` is.

    >>> renamed(["predictions=a/b", "predictions.ids=train"], {"predictions": "predictions.path"})
    ['predictions.path=a/b', 'predictions.ids=train']
    """
    parts = [argument.partition("=") for argument in argv]
    return [
        f"{names[key]}={value}" if equals and key in names else key + equals + value for key, equals, value in parts
    ]


def _quoted(argument: str, path_keys: Collection[str], sweep: bool) -> str:
    key, equals, value = argument.partition("=")
    if not equals or key.startswith("-") or key.lstrip("+") not in path_keys or not value:
        return argument
    if sweep and "," in value and not _is_quoted(value) and not Path(value).exists():
        if _FUNCTION.fullmatch(value):
            return argument
        return f"{key}={','.join(quote(part) for part in value.split(','))}"
    return f"{key}={quote(value)}"


def quote(value: str) -> str:
    """`value` in the quotes of Hydra's grammar, unless it must not or need not be quoted."""
    if _BARE.fullmatch(value) or _is_quoted(value):
        return value
    # backslashes count only where a quote follows: before one inside, and at the end
    escaped = re.sub(r"(\\*)'", r"\1\1\\'", value)
    escaped = re.sub(r"(\\+)$", r"\1\1", escaped)
    return f"'{escaped}'"


def _is_quoted(value: str) -> bool:
    return len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
