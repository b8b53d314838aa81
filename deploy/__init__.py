"""How it is run: the health of a process, the image, the proxy, and everything on one machine."""
