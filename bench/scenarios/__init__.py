"""The scenarios. Each loads a server in one way."""
