"""Everything on one machine: store, model, API and worker in the right order.

__main__         the process
arguments        what a run is asked to be
project          which project it serves, and whether that is the demonstration
install          installs what the project declares, if asked to
model_file       fetches the local model's weights, if asked to
changes          which of the project's files have changed
plan             which processes, with which settings, in which order
supervisor       brings them up, keeps them alive, takes them down
child            one life of a process
die_with_parent  ends a command when the process that started it ends
health           checks whether a server responds
ports            is a port free
console          the one log
logline          a line of it
store            the embedded Valkey
data_dir         its data folder and the lock on it
model            the local model's server
errors           why a run can't start or continue
"""

from tailrace.extras import need

need("local")
