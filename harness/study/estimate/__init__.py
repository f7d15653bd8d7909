"""What a study will cost on this machine, before anything of it runs.

Methods say how much work they do (`methods.work`), `units` times its parts by the code that runs
use, `measuring` keeps what was timed, and `estimate` multiplies.
"""
