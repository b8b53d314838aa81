"""Errors of model providers, recognized by their shape.

trouble      finds the provider's error in an exception or its causes
said         what one exception tells about a response
names        the names that providers give their errors
connections  failed connections, and responses that never came
retry_after  how long a provider asks to wait
"""
