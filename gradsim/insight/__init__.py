"""What it means: the verdict on a state, with its evidence."""
