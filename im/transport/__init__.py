"""Bytes and protocols: HTTP, websocket frames, Engine.IO and Socket.IO. No module here knows users or notifications."""
