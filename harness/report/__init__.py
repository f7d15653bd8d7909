"""Reports: views of a study. No number is made here."""
