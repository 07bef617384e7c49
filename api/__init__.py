"""The doors: everything that touches a wire, a terminal, a disk, a clock or the environment."""
