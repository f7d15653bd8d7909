"""The matching rules that are checked on what runs measured, one file each."""
