"""Celery: a message from the broker becomes one service call."""
