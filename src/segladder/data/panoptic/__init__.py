"""Panoptic data sets: a JSON file that lists each image's segments, and a PNG whose colours are their numbers."""
