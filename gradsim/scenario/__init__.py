"""Scripted sessions: the file format, the player, the expectations."""
