"""The zone dialect, with its files and tables."""
