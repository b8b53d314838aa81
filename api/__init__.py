"""HTTP: takes jobs, relays their logs."""
