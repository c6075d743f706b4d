"""How a command ends."""

from __future__ import annotations

import pytest

from segladder.commands.ending import exit_code
from segladder.types import UserError


def raising(error):
    def work():
        raise error

    return work


@pytest.mark.parametrize(
    ("work", "code", "said"),
    [
        (lambda: None, 0, ""),
        (lambda: 3, 3, ""),
        (raising(UserError("It is wrong. Mend it.")), 1, "segladder: It is wrong. Mend it.\n"),
        (raising(KeyboardInterrupt()), 130, "Stopped.\n"),
    ],
)
def test_code_and_sentence(work, code, said, capsys):
    assert exit_code(work) == code
    assert capsys.readouterr().err == said


def test_an_error_of_ours_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        exit_code(lambda: 1 // 0)
