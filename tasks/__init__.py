"""Celery: each message from the broker becomes one call of a service."""
