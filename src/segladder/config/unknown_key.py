"""The sentence about a key that the config does not have: what was meant, and what there is."""

from __future__ import annotations

from segladder.config.composition import Composition
from segladder.config.suggest import nearest


def unknown_key(key: str, context: Composition) -> str:
    """The sentence about a key that the config does not have."""
    keys = context.hydra_keys if key.startswith("hydra.") else context.keys
    group, _, name = key.rpartition(".")
    head = f"Unknown key '{key}'"
    choice_of, slash, choice = key.rpartition("/")
    if slash and choice in context.options(choice_of):
        return f"{head}: did you mean '{choice_of}={choice}'?"
    top = key.partition(".")[0]
    tops = sorted({k.partition(".")[0] for k in keys} | {g for g in context.groups if "/" not in g})
    if top not in tops:
        # the top is wrong, as in `modle=unet`, or was left out, as in `max_epochs=5`
        elsewhere = [k for k in keys if k.rpartition(".")[2] == name]
        near = nearest(top, tops)
        guess = f"{near}{key.removeprefix(top)}" if near else elsewhere[0] if elsewhere else None
        return f"{head}{f': did you mean {guess!r}?' if guess else '.'} There are: {', '.join(tops)}."
    while group and group not in keys:
        group, _, name = group.rpartition(".")
    siblings = [k.removeprefix(f"{group}.") for k in keys if k.startswith(f"{group}.")]
    siblings = [k for k in siblings if "." not in k and not k.startswith("_")]
    near = nearest(name, siblings)
    if near:
        guess = f"{group}.{near}{key.removeprefix(f'{group}.{name}')}"
    else:
        leaves = {k.rpartition(".")[2]: k for k in reversed(keys)}
        leaf = key.rpartition(".")[2]
        guess = leaves.get(leaf) or leaves.get(nearest(leaf, leaves) or "", "")
    listed = (
        f" {group} has: {', '.join(siblings)}." if siblings else f" '{group}' holds a value, not a group of settings."
    )
    return f"{head}{f': did you mean {guess!r}?' if guess else '.'}{listed}"
