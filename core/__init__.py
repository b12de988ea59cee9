"""The push engine, for any app. It imports no Flask, Celery, Socket.IO or eventlet, and has no table of users."""
