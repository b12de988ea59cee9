"""Apps of other people: each has users, models and a login of its own, and installs the package into its own venv."""
