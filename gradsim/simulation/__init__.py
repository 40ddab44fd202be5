"""What happens: events, the stepper that makes them, and the session that moves over them."""
