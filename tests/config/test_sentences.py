"""How a warning reads."""

from __future__ import annotations

import warnings

from segladder.config.sentences import say_warnings_plainly


def test_a_users_warning_is_its_sentence_and_others_stay(monkeypatch):
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    say_warnings_plainly()
    say_warnings_plainly()
    assert warnings.formatwarning("a.b has no effect.", UserWarning, "x.py", 3) == "Warning: a.b has no effect.\n"
    assert "x.py:3: DeprecationWarning: old" in warnings.formatwarning("old", DeprecationWarning, "x.py", 3, "")
