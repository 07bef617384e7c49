"""Drawing a diagram: its parts, their layout, the arrows between them, and the formats it is written in."""
