"""Where sessions, datasets and scenarios outlive the server: a port, and what implements it."""
