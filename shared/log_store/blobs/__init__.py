"""Large values that events refer to, each kept once.

blob_store  store and read a job's blobs
references  puts large values back where events refer to them
blob        a blob, or a part of one, under the fence
"""
