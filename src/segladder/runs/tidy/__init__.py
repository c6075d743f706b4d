"""Looking at the runs that there are, and taking away what is no longer wanted."""
