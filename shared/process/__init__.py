"""What each of our processes needs.

logging  logs as JSON lines
tasks    ends tasks reliably
garbage  keeps startup objects away from the garbage collector
"""
