"""What providers do wrong, read by the shape of an exception."""
