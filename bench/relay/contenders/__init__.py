"""Who is measured, and what a measurement asks of each; a module a contender."""

from bench.relay.contenders import naive, nchan, tailrace
from bench.relay.contenders.relay import Contender

OURS = Contender("tailrace", "Tailrace", tailrace.serve)
PEER = Contender("nchan", "nchan (nginx, C)", nchan.serve, nchan.require)
NAIVE = Contender("naive", "naive: an XREAD each", naive.serve)

BY_NAME = {contender.name: contender for contender in (OURS, PEER, NAIVE)}
