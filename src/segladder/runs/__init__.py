"""The run record: a run's identity, its folder, who may write there, and the result that stays behind.

Everything here is light: importing it must never import torch. Import from the files themselves, for example
`from segladder.runs.resume import claim`.
"""
