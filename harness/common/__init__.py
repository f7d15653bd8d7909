"""What every room may use: errors, names, files, YAML with line numbers, clocks, devices."""
