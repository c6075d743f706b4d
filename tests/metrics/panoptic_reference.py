"""Panoptic quality written out pixel by pixel from its rules, slowly: what ours is compared with."""

from __future__ import annotations

from collections import Counter

import numpy as np


def counts_of(found, truth, num_classes):
    """Sum of IoU, tp, fp and fn of each class in one image: `(C, 4)`.

    `found` and `truth` are maps of numbers and `{number: (label, iscrowd)}`, 0 being void.
    """
    out = np.zeros((num_classes, 4))
    (found_map, found_table), (true_map, true_table) = found, truth
    together = Counter(zip(true_map.ravel().tolist(), found_map.ravel().tolist(), strict=True))
    area, true_area = Counter(found_map.ravel().tolist()), Counter(true_map.ravel().tolist())
    matched_true, matched_found = set(), set()
    for true, (label, crowd) in true_table.items():
        for one, (guess, _) in found_table.items():
            if crowd or guess != label:
                continue
            shared = together[true, one]
            union = area[one] - together[0, one] + true_area[true] - shared
            if shared and shared / union > 0.5:
                out[label, 0] += shared / union
                out[label, 1] += 1
                matched_true.add(true)
                matched_found.add(one)
    crowds = {}
    for true, (label, crowd) in true_table.items():
        if crowd:
            crowds[label] = true
        elif true not in matched_true:
            out[label, 3] += 1
    for one, (label, _) in found_table.items():
        if one in matched_found:
            continue
        forgiven = together[0, one]
        if label in crowds:
            forgiven += together[crowds[label], one]
        if not forgiven / area[one] > 0.5:
            out[label, 2] += 1
    return out


def averages(counts, things):
    """`pq`, `sq` and `rq` over all classes, things and stuff, by the names of the record, and per class."""
    rows = {}
    for label, (iou, tp, fp, fn) in enumerate(counts):
        if tp + fp + fn:
            whole = tp + fp / 2 + fn / 2
            rows[label] = (iou / whole, iou / tp if tp else 0.0, tp / whole)
    totals = {}
    for suffix, kinds in (("", (True, False)), ("_things", (True,)), ("_stuff", (False,))):
        kept = [row for label, row in rows.items() if things[label] in kinds]
        for place, measure in enumerate(("pq", "sq", "rq")):
            totals[measure + suffix] = float(np.mean([row[place] for row in kept])) if kept else float("nan")
    return totals, rows
