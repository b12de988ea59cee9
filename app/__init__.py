"""The Flask API, and the core that the API, the workers and the IM servers share. Importing it does nothing."""
