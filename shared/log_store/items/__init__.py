"""Items of graphs' stores, in bytes.

item_store  get, search, change, expire
items       for scripts: how an item lies in its hash
change      put and delete
get         one item
namespaces  the namespaces that match
page        a page of items in order
reap        items whose time is up
renew       the lives of items that were read
"""
