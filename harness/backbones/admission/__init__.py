"""What strangers hand in, looked at before it is loaded."""
