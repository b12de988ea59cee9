"""Socket.IO: connections, rooms, presence. No business rules and no SQL."""
