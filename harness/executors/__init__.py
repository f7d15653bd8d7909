"""Where a study's work is carried out: several devices of this machine, or a Ray cluster."""
