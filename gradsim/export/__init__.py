"""A network carried elsewhere."""
