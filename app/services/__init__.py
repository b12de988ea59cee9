"""Use cases, one module a noun. No Flask, Celery or Socket.IO: each takes a database connection and never commits."""
