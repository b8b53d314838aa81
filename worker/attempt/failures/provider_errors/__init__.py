"""What model providers do wrong, read by the shape of their errors.

trouble      finds it in an exception or in its causes
said         what one exception tells of a response
names        the names that providers give to their errors
connections  connections that fail, and responses that do not come
retry_after  how long a provider asks to be left alone
"""
