"""Several processes that train one model: how they start, meet, follow rank zero, and end together."""
