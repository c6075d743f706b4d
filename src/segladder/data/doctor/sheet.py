"""The check as a page: findings with the files they are about, what the splits hold, and samples with their labels."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from segladder.data.doctor.checkup import Checkup, Holds
from segladder.data.doctor.findings import Finding, Group
from segladder.data.doctor.reading import in_processes
from segladder.data.doctor.survey import Split
from segladder.data.doctor.thumbnails import Artist, Wanted
from segladder.data.doctor.written import verdict
from segladder.data.progress import with_progress

SAMPLES = 24
"""Pictures of samples without a fault, over all splits."""

_PICTURED = 6
"""Findings of one group that are shown as pictures."""

_LISTED = 20
"""Findings of one group that are listed."""

_NAMED = 6
"""Classes of a sample that are named below its picture."""

_MOST_PICTURES = 96
_MOST_BYTES = 4_000_000
_NO_ROOM = b""


def write_sheet(checkup: Checkup, path: Path, *, workers: int) -> None:
    """Writes the page: one file, without scripts, nothing fetched.

    Args:
        checkup: what was found.
        path: the file.
        workers: processes that draw; 0 for none.
    """
    shown = _chosen(checkup)
    artist = Artist([wanted for _, wanted in shown], checkup.survey.info)
    workers = 0 if checkup.survey.synthetic else workers
    drawn = in_processes(artist.draw, len(shown), workers=workers, lost=lambda _: None)
    pictures: dict[tuple[str, int, object], bytes | None] = {}
    room = _MOST_BYTES
    for (key, _), picture in zip(shown, with_progress(drawn, len(shown), "drawing"), strict=True):
        room -= len(picture or b"")
        pictures[key] = picture if picture is None or room >= 0 else _NO_ROOM
    path.write_text("\n".join(_Page(checkup, pictures).lines()) + "\n", encoding="utf-8")


def _chosen(checkup: Checkup) -> list[tuple[tuple[str, int, object], Wanted]]:
    """Samples to draw: the first of each group of findings, then some of each split, evenly."""
    by_name = {split.name: split for split in checkup.survey.splits}
    chosen: dict[tuple[str, int, object], Wanted] = {}
    for group in checkup.groups:
        for finding in _pictured(group):
            assert finding.index is not None
            split = by_name.get(finding.split)
            twin = None
            if finding.twin is not None:
                twin = (by_name[finding.twin[0]].view, finding.twin[1])
            if split is not None and len(chosen) < _MOST_PICTURES:
                chosen.setdefault(_key(finding), Wanted(split.view, finding.index, twin))
    for split, index in _samples(checkup):
        if len(chosen) < _MOST_PICTURES:
            chosen.setdefault((split.name, index, None), Wanted(split.view, index))
    return list(chosen.items())


def _pictured(group: Group) -> list[Finding]:
    return [finding for finding in group.findings if finding.index is not None][:_PICTURED]


def _key(finding: Finding) -> tuple[str, int, object]:
    assert finding.index is not None
    return finding.split, finding.index, finding.twin


def _samples(checkup: Checkup) -> Iterator[tuple[Split, int]]:
    """Evenly over each split, those that can be read."""
    splits = [split for split in checkup.survey.splits if split.count]
    for split in splits:
        looks = checkup.looks[split.name]
        readable = [index for index, look in enumerate(looks) if look.image is not None]
        count = max(1, SAMPLES // len(splits))
        step = max(1, len(readable) // count)
        yield from ((split, index) for index in readable[::step][:count])


class _Page:
    def __init__(self, checkup: Checkup, pictures: dict[tuple[str, int, object], bytes | None]) -> None:
        self.checkup, self.pictures = checkup, pictures

    def lines(self) -> Iterator[str]:
        checkup = self.checkup
        name = escape(checkup.survey.name)
        css = files("segladder.data.doctor").joinpath("sheet.css").read_text(encoding="utf-8")
        yield "<!doctype html>"
        yield '<html lang="en"><head><meta charset="utf-8">'
        yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
        yield f"<title>{name}: {verdict(checkup)}</title>"
        yield f"<style>\n{css}</style></head><body>"
        yield f"<h1>Check of {name}</h1>"
        root = "" if checkup.survey.root is None else f" in <code>{escape(str(checkup.survey.root))}</code>"
        yield f'<p class="quiet">{checkup.images:,} images{root}</p>'
        yield f"<p>{_summary(checkup)}</p>"
        for note in checkup.survey.notes:
            yield f'<p class="quiet">{_advice(note)}</p>'
        if checkup.groups:
            yield from self._findings()
        yield from self._classes()
        yield from self._sizes()
        yield from self._samples()
        yield "</body></html>"

    def _findings(self) -> Iterator[str]:
        yield '<h2 id="findings">Findings</h2>'
        yield '<table class="stack"><thead><tr><th>severity</th><th class="number">count</th><th>what</th>'
        yield "<th>what to do</th></tr></thead><tbody>"
        for at, group in enumerate(self.checkup.groups):
            link = f'<a href="#group-{at}">{escape(group.title)}</a>'
            yield f'<tr><td class="{group.severity}">{group.severity}</td><td class="number">{group.count:,}</td>'
            yield f'<td>{link}</td><td class="todo">{_advice(group.todo)}</td></tr>'
        yield "</tbody></table>"
        for at, group in enumerate(self.checkup.groups):
            yield f'<section id="group-{at}"><h3><span class="{group.severity}">{group.severity}</span> '
            yield f'{escape(group.title)} <span class="quiet">({group.count:,})</span></h3><p>{_advice(group.todo)}</p>'
            pictured = _pictured(group)
            if pictured:
                yield '<div class="cards">'
                for finding in pictured:
                    unread = self._unread(finding.split, finding.index)
                    yield self._figure(_key(finding), _words(finding) + unread, alt=finding.file)
                yield "</div>"
            rest = [finding for finding in group.findings if finding not in pictured][: _LISTED - len(pictured)]
            if rest:
                yield "<ul>" + "".join(f"<li>{_words(finding)}</li>" for finding in rest) + "</ul>"
            more = group.count - len(rest) - len(pictured)
            if more:
                yield f'<p class="quiet">and {more:,} more; check.json lists them.</p>'
            yield "</section>"

    def _classes(self) -> Iterator[str]:
        info, holds = self.checkup.survey.info, list(self.checkup.holds.values())
        if not any(one.labelled for one in holds):
            return
        yield '<h2 id="classes">Classes</h2><div class="wide"><table><thead><tr><th>class</th>'
        yield "".join(f'<th class="number">{escape(one.title)}</th>' for one in holds) + "</tr></thead><tbody>"
        for index, name in enumerate(info.classes):
            yield f'<tr><td class="name">{self._key(index)}{escape(name)}</td>'
            for one in holds:
                share = float(one.pixels[index]) / max(int(one.pixels.sum()), 1)
                bar = f'<span class="share"><i style="width:{share:.2%}"></i></span>'
                yield f'<td class="number">{escape(share_words(share))}{bar}</td>'
            yield "</tr>"
        for title, style, count in (
            ("ignored", "striped", [one.ignored for one in holds]),
            ("means nothing", "", [one.unknown for one in holds]),
        ):
            if any(count):
                color = "" if style else ' style="background:#ff00ff"'
                yield f'<tr><td class="name"><span class="key {style}"{color}></span>{title}</td>'
                for one, pixels in zip(holds, count, strict=True):
                    every = int(one.pixels.sum()) + one.ignored + one.unknown
                    of = '<span class="of"> of all</span>' if pixels else ""
                    yield f'<td class="number">{escape(share_words(pixels / max(every, 1)))}{of}</td>'
                yield "</tr>"
        yield "</tbody></table></div>"

    def _sizes(self) -> Iterator[str]:
        yield '<h2 id="sizes">Images</h2><table class="stack"><thead><tr><th>split</th>'
        heads = ("images", "labelled", "smallest", "median", "largest", "distinct sizes")
        yield "".join(f'<th class="number">{head}</th>' for head in heads) + "</tr></thead><tbody>"
        for one in self.checkup.holds.values():
            cells = zip(heads, (f"{one.images:,}", f"{one.labelled:,}", *size_words(one)), strict=True)
            yield f"<tr><td>{escape(one.title)}</td>"
            yield "".join(f'<td class="number" data-head="{head}">{cell}</td>' for head, cell in cells) + "</tr>"
        yield '</tbody></table><p class="quiet">height x width in pixels, by area</p>'

    def _samples(self) -> Iterator[str]:
        chosen = [one for one in _samples(self.checkup) if (one[0].name, one[1], None) in self.pictures]
        if not chosen:
            return
        yield '<h2 id="samples">Samples</h2>'
        yield '<p class="quiet">Each image, and its classes laid over it; ignored pixels are striped.</p>'
        yield '<div class="cards">'
        for split, index in chosen:
            file = split.view.file(index)
            words = f"<code>{escape(file)}</code> <span class='quiet'>{escape(split.title)}</span>"
            yield self._figure((split.name, index, None), words + self._legend(split.name, index), alt=file)
        yield "</div>"

    def _unread(self, split: str, index: int | None) -> str:
        """What a picture of the label alone would leave to guess."""
        looks = self.checkup.looks.get(split, [])
        if index is None or index >= len(looks) or looks[index].image is not None:
            return ""
        return '<div class="error">The image cannot be read: its label alone is shown.</div>'

    def _legend(self, split: str, index: int) -> str:
        """The classes of a sample, the largest first."""
        look, names = self.checkup.looks[split][index], self.checkup.survey.info.classes
        if not look.labelled:
            return '<div class="legend">no label that can be read</div>'
        pixels = look.pixels
        shown = sorted(pixels, key=lambda at: -pixels[at])[:_NAMED]
        keys = "".join(f"<span>{self._key(at)}{escape(names[at])}</span> " for at in shown)
        more = len(pixels) - len(shown)
        return f'<div class="legend">{keys}{f"<span>and {more} more</span>" if more else ""}</div>' if shown else ""

    def _key(self, index: int) -> str:
        red, green, blue = self.checkup.survey.info.palette[index]
        return f'<span class="key" style="background:rgb({red},{green},{blue})"></span>'

    def _figure(self, key: tuple[str, int, object], words: str, *, alt: str) -> str:
        picture = self.pictures.get(key)
        if not picture:
            why = "cannot be read" if picture is None and key in self.pictures else "no room for a picture"
            inner = f'<div class="none">{why}</div>'
        else:
            encoded = base64.b64encode(picture).decode("ascii")
            inner = f'<img loading="lazy" alt="{escape(alt)}" src="data:image/jpeg;base64,{encoded}">'
        return f"<figure>{inner}<figcaption>{words}</figcaption></figure>"


def share_words(share: float) -> str:
    """A share in percent; what is there is never called 0, and what is not has no number."""
    return "-" if share == 0 else "<0.01%" if share < 0.0001 else f"{share:.2%}"


def size_words(holds: Holds) -> Sequence[str]:
    """Smallest, median and largest size, and how many there are."""
    if holds.sizes is None:
        return ("-", "-", "-", "0")
    sizes = holds.sizes
    return *(f"{h}x{w}" for h, w in (sizes.least, sizes.median, sizes.most)), f"{sizes.distinct:,}"


def _summary(checkup: Checkup) -> str:
    if not checkup.groups:
        return '<span class="clean">Nothing was found.</span>'
    errors, warnings = checkup.errors, checkup.warnings
    parts = [f'<span class="error">{errors:,} error{"s" * (errors != 1)}</span>'] if errors else []
    parts += [f'<span class="warning">{warnings:,} warning{"s" * (warnings != 1)}</span>'] if warnings else []
    return ", ".join(parts)


def _advice(text: str) -> str:
    """What is to be typed, in backticks, as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _words(finding: Finding) -> str:
    split = f' <span class="quiet">{escape(finding.split)}</span>' if finding.split else ""
    return f"<code>{escape(finding.file)}</code>{split}: {escape(finding.what)}"
