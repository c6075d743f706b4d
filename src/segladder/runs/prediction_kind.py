"""Which file `predictions=PATH` means where it names a folder, and what JSON objects are no predictions."""

from __future__ import annotations

from pathlib import Path

from segladder.types import UserError

_LISTS = ("images", "annotations", "categories")
_SHOWN = 3
_START = 1000
"""Characters in which an empty list ends, with blanks and line breaks."""


def scored_path(path: Path) -> Path:
    """The path itself, or the JSON file that a folder without label files holds: COCO results, or a panoptic file.

    Args:
        path: as typed. Where `segladder predict` left its list, and where there are label files, it stands for itself;
            PNGs in the folder that is called as a panoptic file beside it are that file's.

    Raises:
        UserError: the folder holds several JSON files, and no label file.
    """
    from segladder.inference.outputs import LIST
    from segladder.inference.submissions.cityscapes import is_instance_folder

    if not path.is_dir() or (path / LIST).exists() or is_instance_folder(path):
        return path
    found = [file for file in sorted(path.glob("*.json")) if not file.name.startswith(".")]
    if not found:
        return path
    pictures = [png for png in path.rglob("*.png") if not png.relative_to(path).parts[0].startswith(".")]
    if pictures:
        owners = [file for file in found if all(png.is_relative_to(file.with_suffix("")) for png in pictures)]
        return owners[0] if owners and lists_segments(owners[0]) else path
    if len(found) > 1:
        shown = ", ".join(f"'{file.name}'" for file in found[:_SHOWN])
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise UserError(
            f"predictions={path} holds {len(found)} JSON files: {shown}{more}. Name the one to score:"
            f" predictions={found[0]}."
        )
    return found[0]


def refuse_other_objects(path: Path) -> None:
    """Refuses a JSON object that is no panoptic file, where a list of detections is what can be scored.

    Raises:
        UserError: it is a file of annotations, or another tool's.
    """
    from segladder.data.formats.json_lists import JsonText

    wanted = (
        'COCO results are a list of detections, [{"image_id": …, "category_id": …, "score": …, and "bbox",'
        ' "segmentation" or both}, …]'
    )
    text = JsonText(path)
    for key, _, entry in text.members(_LISTS):
        if key == "annotations":
            if isinstance(entry, dict) and "segments_info" in entry:
                return
            break
    if "annotations" in text.keys:
        raise UserError(
            f"'{path}' holds no predictions: it is an annotation file, with images, annotations and categories."
            f" {wanted}. Name the file that the network's detections were written to."
        )
    keys = ", ".join(f"'{key}'" for key in sorted(text.keys)[:_SHOWN])
    raise UserError(
        f"'{path}' is another tool's file, an object{f' with {keys}' if keys else ''}. {wanted}. Write such a list."
    )


def refuse_empty_list(path: Path) -> None:
    """Refuses an empty list where a panoptic file is expected.

    Raises:
        UserError: it is one.
    """
    path = scored_path(path)
    try:
        with path.open(encoding="utf-8-sig") as file:
            start = file.read(_START)
    except (OSError, UnicodeDecodeError):
        return  # told by whoever reads it
    if "".join(start.split()) == "[]":
        raise UserError(
            f"'{path}' is an empty list and no panoptic file, which is an object with 'annotations'. Write one with an"
            " entry for each image; or add task=instance where it is COCO results of a network that found nothing."
        )


def lists_segments(path: Path) -> bool:
    """Whether a file speaks of segments, as panoptic JSON does."""
    try:
        return '"segments_info"' in path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return False
