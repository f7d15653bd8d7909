"""What a study can be given in so many minutes, and how it ends in time.

`certainty` says what a budget is likely to tell apart, `choice` finds the budget that tells most
within the minutes, `bought` is what was chosen, kept beside the runs.
"""
