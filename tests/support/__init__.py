"""What tests of several tiers share: stores, processes, waiting. Fixtures stand in `conftest`."""
