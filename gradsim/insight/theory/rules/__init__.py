"""What each op does to the moments of a value, and on the way back to those of a gradient."""
