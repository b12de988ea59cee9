"""HTTP only: parse, call a service, answer. Each module has the name of its service."""
