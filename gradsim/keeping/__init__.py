"""What stays on this machine when the app has ended: settings, sessions, exports."""
