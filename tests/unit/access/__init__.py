"""The parts of the entrance, each alone."""
