"""Use cases, without Flask, Celery or Socket.IO. Each function gets a database connection and never commits."""
