"""One function per operation, 5 to 15 lines each.

jobs     `/jobs`
events   `/jobs/{id}/events`
threads  `/threads`
blobs    `/jobs/{id}/blobs`
graphs   `/graphs`
health   `/livez`, `/readyz`
console  the console's files
"""
