"""Long runs before a release; `make soak`."""
