"""The edge to Redis. Only this room imports redis; everything untyped stays in here.

connection    clients whose calls end
sending       how our connections send a command
scripts       our Lua scripts: headers, loading, calls by name, refusals
prelude       what every script begins with
commands      the plain commands that stores use, with types
failures      Redis' failures as ours
keys          every Redis key: name, type, life, writer
sentinel      a store behind Sentinels
cluster       a store on a Redis Cluster
"""
