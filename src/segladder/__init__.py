"""segladder: compare segmenters, from composed experiment to believable leaderboard."""

__version__ = "0.1.0"
