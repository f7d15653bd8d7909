"""How a method learns: the loop, trials and the settings that all share."""
