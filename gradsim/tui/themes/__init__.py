"""The themes: the dark one is declared, the others are worked out from it, role by role."""
