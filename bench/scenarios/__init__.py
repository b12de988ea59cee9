"""What is measured, one way to load a server each."""
