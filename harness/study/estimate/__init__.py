"""What a study will cost on this machine, before anything of it runs.

`reading` counts what each run reads, `arithmetic` what that takes in FLOPs, `calibration` measures
what the machine takes for it, `memory` what it needs, and `costs` puts them together.
"""
