"""Which samples make up a split."""
