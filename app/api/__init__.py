"""HTTP only: parse, call a service, answer. One module a noun, named as its service is."""
