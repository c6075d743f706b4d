"""What a report is made of: the records of runs, read, sorted into methods, resampled."""
