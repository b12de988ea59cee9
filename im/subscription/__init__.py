"""The message queue: how each server receives what workers and others publish, and what is done with each message."""
