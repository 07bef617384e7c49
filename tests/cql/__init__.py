"""An outside engine runs the rules as printed."""
