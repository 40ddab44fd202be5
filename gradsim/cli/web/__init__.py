"""The app in a browser: the server, and the page it shows."""
