"""Socket.IO: connections, rooms, presence. No business rules, no SQL."""
