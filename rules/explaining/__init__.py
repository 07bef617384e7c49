"""Why, why not, what to ask, what would change it: all computed from the same network and trace."""
