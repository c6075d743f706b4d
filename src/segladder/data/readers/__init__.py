"""The data sets that are read, one file each, and what several of them share."""
