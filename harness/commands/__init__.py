"""What the commands do, room by room; `harness.cli` only reads words."""
