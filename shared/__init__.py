"""What the API and the workers must agree on: jobs, events, keys, the log and the queue."""
