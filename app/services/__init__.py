"""Use cases, one module a noun. No Flask, no Celery, no Socket.IO: each takes a database connection and never commits."""
