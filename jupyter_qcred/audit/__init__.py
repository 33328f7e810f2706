"""Say what happened, as versioned events that never hold a value."""
