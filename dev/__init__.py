"""`make run`: the whole system on one machine, without servers to install."""
