"""Everything on one machine: `python -m tailrace.deploy.local` starts, watches and ends it all."""
