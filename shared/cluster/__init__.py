"""A store on a Redis Cluster."""
