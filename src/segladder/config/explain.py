"""What Hydra and OmegaConf raise while composing, said in a sentence of what is wrong and one of what to do.

Hydra behaviours this leans on (1.3): the texts of its exceptions, matched by the patterns in `_PATTERNS`;
`OverrideParseException.override`, `MissingConfigException.missing_cfg_file` and `.options`. `run_and_report`
prints and exits before a caller sees the error unless the environment has `HYDRA_FULL_ERROR=1` (see `app`).
Tests compose each mistake for real, so a new Hydra version with other texts shows there.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import yaml
from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    InstantiationException,
    MissingConfigException,
    OverrideParseException,
    SearchPathException,
)
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    InterpolationKeyError,
    InterpolationResolutionError,
    MissingMandatoryValue,
    OmegaConfBaseException,
    ValidationError,
)

from segladder.config.composition import Composition
from segladder.config.suggest import did_you_mean
from segladder.config.unknown_key import unknown_key
from segladder.types import UserError


def explain(error: BaseException, context: Composition) -> str | None:
    """What the user did wrong.

    Args:
        error: what composing (or building) raised.
        context: the call that failed; composed again without the mistake to list the real keys and choices.

    Returns:
        The sentences to show in place of a traceback; None where the error is not the user's but ours.
    """
    for link in _chain(error):
        if isinstance(link, UserError):
            return str(link)
    if isinstance(error, OverrideParseException):
        return _grammar(error)
    if isinstance(error, MissingConfigException):
        return _choice(error, context)
    if isinstance(error, SearchPathException):
        return f"{str(error).splitlines()[0].rstrip('.')}. Point --config-dir at a folder that exists."
    if isinstance(error, yaml.MarkedYAMLError):
        return _yaml(error)
    if isinstance(error, InstantiationException):
        return None
    text = str(error)
    if isinstance(error, ConfigCompositionException) or type(error) is ValueError:
        for pattern, sentence in _PATTERNS:
            match = re.search(pattern, text, re.DOTALL)
            if match:
                return sentence(match, error, context)
    if isinstance(error, ConfigCompositionException):
        inner = next((e for e in list(_chain(error))[1:] if isinstance(e, OmegaConfBaseException)), None)
        return _value(inner, context) or _one_line(text or str(inner))
    if isinstance(error, OmegaConfBaseException):
        return _value(error, context)
    if isinstance(error, HydraException):
        return _one_line(text)
    return None


_OPENS_BRACKET = re.compile(r"[\[{]|(choice|range|interval|glob|shuffle|sort|tag|int|float|str|bool|json_str)\(")
"""Values that Hydra's grammar reads as a list, a dictionary or a call of its functions."""


def _grammar(error: OverrideParseException) -> str:
    key, equals, value = error.override.partition("=")
    if not equals:
        return f"'{error.override}' is no setting. Write key=value, as in model=unet."
    if not re.fullmatch(r"[+~]{0,2}[\w./@:$-]+", key):
        return f"'{key}' in '{error.override}' is no key. Write key=value without spaces, as in model=unet."
    unread = f"The value of '{key}' cannot be read: {value!r}"
    if _OPENS_BRACKET.match(value) and any(value.count(a) != value.count(b) for a, b in ("[]", "{}", "()")):
        return f"{unread} has a bracket without its partner. Close it."
    if value.startswith(("'", '"')) and value.count(value[0]) % 2:
        return f"{unread} has a quote without its partner. Close it."
    if re.search(r"^,|,\s*,|,$", value) and not re.search(r"[\[\](){}'\"=:]", value):
        return f"{unread} has a comma with nothing beside it. Take it out."
    found = re.search(r"\n(\s*)\^", error.message)
    first = error.message.partition("\n")[0]
    place = ""
    if found and first.startswith("LexerNoViableAltException: "):
        index = len(found[1]) - len("LexerNoViableAltException: ")
        if 0 <= index < len(error.override):
            place = f" at '{error.override[index:]}'"
    return (
        f"The value of '{key}' cannot be read{place}: {value!r} has characters with a meaning of their"
        f" own. Put it in quotes inside quotes: \"{key}='{value}'\"."
    )


def _choice(error: MissingConfigException, context: Composition) -> str:
    wanted = error.missing_cfg_file or ""
    group, _, name = wanted.rpartition("/")
    group = group.rstrip("/")
    parent = re.match(r"In '([^']+)'", str(error))
    if not group:
        return f"{_one_line(str(error))}"
    options = [o for o in (error.options or context.options(group)) if o != name]
    if group == "loss/term":
        sum_ = parent[1].removeprefix("loss/") if parent and parent[1].startswith("loss/") else name
        where = "" if sum_ == name else f" in loss={sum_}"
        return (
            f"There is no loss term '{name}'{where}{did_you_mean(name, options)} The terms are"
            f" {', '.join(options)}; add them up, as in loss=dice+ce."
        )
    where = ""
    if parent and parent[1] != context.config_name and "/" in parent[1]:
        where = f" (asked for by {parent[1]}.yaml)"
    if not options:
        return f"There is no config '{wanted}'{where}. Give it in a folder of your own: --config-dir DIR."
    return (
        f"There is no {group} '{name}'{where}{did_you_mean(name, options, show=group + '={}')}"
        f" Choose one of {', '.join(options)}."
    )


def _yaml(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    where = f"{mark.name}, line {mark.line + 1}" if mark else "A config file"
    problem = error.problem or error.context
    return f"{where} is no valid YAML: {problem}. Look for a missing colon, quote or space there."


def _value(error: BaseException | None, context: Composition) -> str | None:
    key = str(getattr(error, "full_key", None) or "")
    if isinstance(error, MissingMandatoryValue):
        if not key:
            found = re.search(r"Missing mandatory value: (\S+)", str(error))
            key = found[1] if found else "a key"
        return f"'{key}' has no value yet. Set it on the command line: {key}=…"
    first = str(error).splitlines()[0].rstrip(".") if error and str(error) else ""
    if isinstance(error, InterpolationKeyError):
        found = re.search(r"Interpolation key '([^']+)' not found", first)
        wanted = found[1] if found else "?"
        return (
            f"'{key}' points at '{wanted}', which does not exist{did_you_mean(wanted, context.keys)} Set"
            f" {key} itself, or correct what it points at."
        )
    if isinstance(error, InterpolationResolutionError):
        return f"'{key}' does not resolve: {first}. Set {key} itself, or what it points at."
    if isinstance(error, ValidationError):
        return f"'{key}': {first}. Give a value of that type."
    if isinstance(error, ConfigKeyError | ConfigAttributeError) and not isinstance(error, InterpolationKeyError):
        return None  # our own code asked for a key that does not exist
    return None


_Sentence = Callable[[re.Match[str], BaseException, Composition], str]


def _in_file(match: re.Match[str], error: BaseException, context: Composition) -> str:
    sentence = unknown_key(match["key"], context)
    return f"In {match['file']}.yaml: {sentence[0].lower()}{sentence[1:]}"


def _no_override(match: re.Match[str], error: BaseException, context: Composition) -> str:
    cause = error.__cause__
    if isinstance(cause, ConfigKeyError | ConfigAttributeError):
        return unknown_key(match["key"], context)
    file = f"In {match['file']}.yaml: " if match["file"] else ""
    groups = context.groups
    key = match["key"].partition("@")[0]
    if key in groups:
        return f"{file}'{key}' is a group, but {context.config_name} does not use it. Add it: +{key}=CHOICE."
    return f"{file}There is no group '{key}'{did_you_mean(key, groups)} The groups are {', '.join(groups)}."


def _no_group_value(match: re.Match[str], error: BaseException, context: Composition) -> str:
    for override in context.overrides:
        key, _, value = override.partition("=")
        group = key.lstrip("+~").partition("@")[0]
        if not group:
            return f"'{override}' has no key. Write key=value, as in model=unet."
        word = re.fullmatch(r"[A-Za-z_]\S*", value) and value.lower() not in ("null", "true", "false")
        if group in context.groups and not word:
            none = f" For none of them write ~{group}." if value.lower() == "null" else ""
            return f"{group}={value} names no choice. Choose one of {', '.join(context.options(group))}.{none}"
    return "A config group was given a value that names no choice. Write group=choice, as in model=unet."


def _ambiguous(match: re.Match[str], error: BaseException, context: Composition) -> str:
    key, _, value = match["line"].partition("=")
    return (
        f"'{match['line']}' gives several values to one run. Add -m to run once for each, or write"
        f" {key}=[{value}] for a list."
    )


def _must_specify(match: re.Match[str], error: BaseException, context: Composition) -> str:
    options = [line.strip() for line in match["options"].splitlines() if line.strip()]
    return f"'{match['key']}' must be chosen. Add {match['key']}=NAME with one of {', '.join(options)}."


def _merge(match: re.Match[str], error: BaseException, context: Composition) -> str:
    cause = error.__cause__
    key = match["line"].partition("=")[0].lstrip("+~")
    if isinstance(cause, ValidationError):
        return f"{match['line']}: {str(cause).splitlines()[0].rstrip('.')}. Give a value of that type."
    parent = key.rpartition(".")[0]
    if parent and parent in context.keys:
        return (
            f"'{match['line']}' cannot be set: '{parent}' holds a value, not a group of settings."
            f" Set {parent}=… itself."
        )
    why = str(cause or error).splitlines()[0].rstrip(".")
    return f"'{match['line']}' cannot be set: {why}. Correct the key or the value."


def _group_missing(match: re.Match[str], error: BaseException, context: Composition) -> str:
    groups = context.groups
    return f"There is no group '{match['key']}'{did_you_mean(match['key'], groups)} The groups are {', '.join(groups)}."


_PATTERNS: tuple[tuple[str, _Sentence], ...] = (
    (
        r"In '(?P<file>[^']+)': \w+ raised while composing config:"
        r"\nKey '[^']+' is not in struct\s+full_key: (?P<key>\S+)",
        _in_file,
    ),
    (r"^(?:In '(?P<file>[^']+)': )?Could not override '(?P<key>[^']+)'", _no_override),
    (r"Config group override must be a string", _no_group_value),
    (r"Ambiguous value for argument '(?P<line>.*?)'\n", _ambiguous),
    (
        r"Sweep parameters '(?P<line>.*)' requires",
        lambda m, e, c: f"'{m['line']}' describes several runs. Add -m to run them.",
    ),
    (r"You must specify '(?P<key>[^']+)'.*options:\n(?P<options>.*)", _must_specify),
    (
        r"Could not append to config. An item is already at '(?P<key>[^']+)'",
        lambda m, e, c: f"'{m['key']}' exists already. Leave the + out: {m['key']}=…",
    ),
    (
        r"Could not delete from config. '(?P<key>[^']+)' does not exist",
        lambda m, e, c: f"There is nothing to delete. {unknown_key(m['key'], c)}",
    ),
    (r"Error merging override (?P<line>.*)$", _merge),
    (
        r"Override \S+ looks like a config group override, but config group '(?P<key>[^']+)' does not",
        _group_missing,
    ),
)


def _chain(error: BaseException | None) -> list[BaseException]:
    links: list[BaseException] = []
    while error is not None and error not in links:
        links.append(error)
        error = error.__cause__
    return links


def _one_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    kept = []
    for line in lines:
        if line.startswith(("Config search path", "Search path", "See https", "object_type")):
            break
        kept.append(line)
    return " ".join(kept)
