"""What all connections of a process share: a timer wheel, deadlines, admission, time slices and rate limits."""
