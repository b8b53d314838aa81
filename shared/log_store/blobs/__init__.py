"""Large values that events refer to, each kept once.

blob_store  store and read a job's blobs
references  events whose large values stand in their places again
blob        a blob, or a part of one, under the fence
"""
