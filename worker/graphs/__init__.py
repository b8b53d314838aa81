"""The graphs that Tailrace brings along; they know nothing of the service."""
