"""May this model replace the approved one? Policy, candidate and baseline in, a verdict out."""
