"""How it is run: in containers, and on one machine.

health  does the process in this container work
local   everything on one machine
"""
