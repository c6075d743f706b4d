"""How sure a score and a difference of scores are, from the runs of several seeds and the statistics of each image."""
