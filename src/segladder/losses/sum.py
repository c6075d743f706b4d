"""A weighted sum of loss terms, the loss that a task calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import torch
from torch import Tensor, nn

from segladder.losses.blocked import FUSED, Term, blocked_losses
from segladder.losses.ce import CrossEntropy
from segladder.losses.class_weights import weights_by_rule
from segladder.losses.expression import canonical, check_weights
from segladder.losses.focal import Focal
from segladder.losses.labels import LabelCheck
from segladder.losses.scores import Scores
from segladder.types import IGNORE_INDEX, UserError

AnyTerm = Callable[[Scores, Tensor, Tensor], Tensor]


class LossSum(nn.Module):
    """A weighted sum of terms, each called with `(scores, target, valid)`.

    The package's own terms are computed together in one pass over the logits (`blocked.py`); a user's terms, and all
    terms of binary masks, are called one by one. Everything is computed in float32, also under autocast.
    """

    def __init__(
        self,
        terms: Mapping[str, AnyTerm],
        weights: Mapping[str, float],
        *,
        expr: str = "",
        ignore_index: int = IGNORE_INDEX,
        num_classes: int | None = None,
        binary: bool = False,
    ) -> None:
        """
        Args:
            terms: by name; any callable that takes scores, labels `(B, H, W)` int64 and validity `(B, H, W)` bool
                and gives a 0-dim tensor.
            weights: weight of each term, positive.
            expr: the words the user wrote, kept for messages.
            ignore_index: label of the pixels that count in no term.
            num_classes: classes the logits must have; unchecked if left out.
            binary: logits are masks `(N, H, W)` or `(N, 1, H, W)` and labels 0 or 1.

        Raises:
            UserError: terms and weights do not name the same things, or a setting does not fit.
        """
        super().__init__()
        check_weights(weights)
        unweighted, unknown = sorted(set(terms) - set(weights)), sorted(set(weights) - set(terms))
        if unweighted or unknown:
            what = (
                f"loss.terms has '{unweighted[0]}' but loss.weights does not"
                if unweighted
                else f"loss.weights has '{unknown[0]}' but loss.terms does not"
            )
            raise UserError(f"{what}. Name the same terms in both: {', '.join(sorted({*terms, *weights}))}.")
        for name, term in terms.items():
            if not callable(term):
                raise UserError(
                    f"loss.terms.{name} is {term!r}, which cannot be called."
                    f" Give a class or function that takes (scores, target, valid)."
                )
        if binary and num_classes not in (None, 2):
            raise UserError(f"The loss is of binary masks but has num_classes={num_classes}. Leave it out.")
        self.expr = expr
        self.weights = {name: float(weights[name]) for name in terms}
        self.terms = dict(terms)
        self._fused = {name: cast(Term, term) for name, term in terms.items() if type(term) in FUSED}
        self.ignore_index, self.num_classes, self.binary = ignore_index, num_classes, binary
        # so that .to(), .train() and state_dict() reach the terms that are modules; their names may hold anything
        self._modules_of_terms = nn.ModuleList(term for term in terms.values() if isinstance(term, nn.Module))
        self._labels = LabelCheck()
        for term in terms.values():
            if num_classes is not None and isinstance(term, FUSED) and not self._waits(term):
                _check(term, num_classes)

    @property
    def expression(self) -> str:
        """The canonical form, such as `ce+0.5*dice`."""
        return canonical(self.weights)

    @property
    def needs_class_weights(self) -> bool:
        """Whether a term's class weights are `auto` and not resolved yet."""
        return any(self._waits(term) for term in self.terms.values())

    def resolve_class_weights(self, pixels: Tensor) -> None:
        """Give the terms whose class weights are a rule's name (`auto`, `inverse_log`) their numbers.

        Args:
            pixels: pixels of each class in the training labels, `(C,)`.
        """
        for term in self.terms.values():
            if isinstance(term, CrossEntropy) and term.class_weights_rule is not None and term.needs_class_weights:
                term.resolve_class_weights(weights_by_rule(term.class_weights_rule, pixels))
                if self.num_classes is not None:
                    term.check(self.num_classes)

    def finish(self) -> None:
        """Raise if an accelerator met a label outside the classes that nobody was told of yet; call once an epoch.

        Raises:
            UserError: with the label and its number of pixels.
        """
        self._labels.finish()

    def forward(self, logits: Tensor, target: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a batch.

        Args:
            logits: `(B, C, H, W)` any floating type; binary: `(N, H, W)` or `(N, 1, H, W)`.
            target: `(B, H, W)` integer, binary also bool; `ignore_index` where nothing is known.

        Returns:
            The sum, 0-dim float32 (float64 for float64 logits), differentiable once; and each term's own value,
            without its weight and detached, by name.

        Raises:
            UserError: shapes do not fit, or a label is outside the classes (on an accelerator: a few calls later).
        """
        target = self._shaped(logits, target)
        num_classes = 2 if self.binary else logits.shape[1]
        with torch.autocast(device_type=logits.device.type, enabled=False):
            labels, valid = self._labels(target, num_classes, self.ignore_index)
            scores = Scores(logits, valid, binary=self.binary)
            values: dict[str, Tensor] = {}
            total: Tensor | None = None
            fused = {} if self.binary else self._fused
            if fused:
                for own in fused.values():
                    _check(own, num_classes)
                together = blocked_losses(logits, labels, valid, tuple(fused.values()))
                values.update(zip(fused, together.detach().unbind(), strict=True))
                for name, value in zip(fused, together.unbind(), strict=True):
                    weighted = value if self.weights[name] == 1 else self.weights[name] * value
                    total = weighted if total is None else total + weighted
            for name, term in self.terms.items():
                if name in fused:
                    continue
                value = term(scores, labels, valid)
                if not isinstance(value, Tensor) or value.numel() != 1:
                    got = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
                    raise UserError(f"Loss term '{name}' gave {got}. A term returns one number, a 0-dim tensor.")
                value = value.reshape(())
                values[name] = value.detach()
                total = self.weights[name] * value if total is None else total + self.weights[name] * value
        assert total is not None
        return total, {name: values[name] for name in self.terms}

    def extra_repr(self) -> str:
        return f"{self.expression}, ignore_index={self.ignore_index}" + (", binary" if self.binary else "")

    @staticmethod
    def _waits(term: object) -> bool:
        return isinstance(term, CrossEntropy) and term.needs_class_weights

    def _shaped(self, logits: Tensor, target: Tensor) -> Tensor:
        if not logits.is_floating_point():
            raise UserError(f"The loss got logits of type {logits.dtype}. Logits are floating point.")
        if self.binary:
            if logits.ndim not in (3, 4) or (logits.ndim == 4 and logits.shape[1] != 1):
                raise UserError(
                    f"The loss is of binary masks and got logits {tuple(logits.shape)}. Give (N, H, W) or (N, 1, H, W)."
                )
            wanted = (logits.shape[0], *logits.shape[-2:])
            if target.ndim == 4 and target.shape[1] == 1:
                target = target.squeeze(1)
        else:
            if logits.ndim != 4:
                raise UserError(f"The loss got logits {tuple(logits.shape)}. Give (B, C, H, W).")
            if self.num_classes is not None and logits.shape[1] != self.num_classes:
                raise UserError(
                    f"The network gives {logits.shape[1]} classes and the data set has {self.num_classes}."
                    f" Leave model.num_classes to the data, or correct it."
                )
            wanted = (logits.shape[0], *logits.shape[2:])
        if tuple(target.shape) != wanted:
            raise UserError(
                f"The label map is {tuple(target.shape)} and the logits {tuple(logits.shape)} ask for {wanted}."
                f" Bring both to one size before the loss."
            )
        return target


def _check(term: object, num_classes: int) -> None:
    if isinstance(term, (CrossEntropy, Focal)):
        term.check(num_classes)
