"""What a person sees of a sweep: while it runs, when it ends, and before it starts."""
