"""What is declared: the knobs, the frozen experiment, the data; and building the network."""
