"""Everything on one machine: `python -m deploy.local` starts, watches and ends it all."""
