"""What a report says of methods: ranks, differences, ablations, and which of it the data bear out."""
