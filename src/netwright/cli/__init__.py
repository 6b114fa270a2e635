"""The command line: thin. It loads, asks, and hands answers to `render`."""
