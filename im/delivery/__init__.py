"""What each socket gets: its user and room, the replay when it connects, what it missed, presence and the chat."""
