"""Studies: a suite is planned into runs, runs are carried out and kept as records."""
