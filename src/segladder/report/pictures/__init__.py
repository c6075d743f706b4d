"""Pictures of a board, from records and what lies beside them; left out with a reason where the material lacks."""
