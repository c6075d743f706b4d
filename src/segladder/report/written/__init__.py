"""Sheets in the forms that people and programs read: terminal, Markdown, LaTeX, CSV."""
