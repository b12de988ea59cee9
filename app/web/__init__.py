"""The web page and its files."""
