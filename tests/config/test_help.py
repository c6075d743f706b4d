from __future__ import annotations

from pathlib import Path

from segladder.config.help import description, render_help

CONF = Path(__file__).parent / "conf"
OWN = Path(__file__).parent / "own"


def test_help_lists_every_choice_with_its_description() -> None:
    text = render_help([CONF])
    assert text.index("Loss terms") < text.index("Models") < text.index("Data sets") < text.index("Presets")
    assert "  dice   The term dice" in text
    assert "  lab      The lab's job" in text
    assert "optimizer=NAME\n  adam  Adam" in text


def test_a_users_own_folder_joins() -> None:
    assert "  mine   A term of the user's own" in render_help([CONF, OWN])


def test_lines_fit_the_width() -> None:
    assert max(map(len, render_help([CONF], width=60).splitlines()[1:4])) <= 60


def test_a_file_without_comment_has_no_description(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("x: 1  # not this\n# nor this\n")
    assert description(file) == ""
