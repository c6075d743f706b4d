"""A search: Optuna asks for trials, a launcher runs them, their scores are told back.

In the order of a search: `settings` (what was set), `space` (which words are searched), `objectives` (what by),
`study` (what is kept on disk), `loop`, `summary`.
"""
