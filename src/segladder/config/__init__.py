"""Composition: from words on the command line to one checked config, and from a config to objects.

In the order of a run: `app.run_app` (or `words.prepare_overrides` and Hydra's `compose`), `loss_source` while
Hydra composes, `explain.explain` where it fails, `loss.settle_loss`, `plugins.import_plugins`, `check.check`,
`secrets.public` for what is saved, `build.build`; `trust.check_targets` first where the config is not the
user's.

Nothing here imports torch. Which Hydra behaviours a file leans on stands in its docstring, checked against
1.3.
"""
