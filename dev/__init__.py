"""`make run`: the whole system on one machine, without the need to install a server."""
