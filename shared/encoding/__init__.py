"""Values of any Python type as JSON.

json_forms   the JSON form of each type that JSON lacks
json_writer  values that need care: names, depth, cycles, the path to what can't be written
"""
