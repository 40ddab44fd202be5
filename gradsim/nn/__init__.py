"""Arrays in, arrays out: the parts of a network, each with its forward and its backward."""
