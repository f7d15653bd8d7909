"""Parameter-efficient tuning by the PEFT library."""
