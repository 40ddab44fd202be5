"""The contest behind `gradsim bench`: a recorded training step beside what else could make it."""
