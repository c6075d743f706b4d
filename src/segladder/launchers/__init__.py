"""How the jobs of a sweep are started: here, one process per job."""
