"""What is seen, as plain values: the frame, its charts, its text."""
