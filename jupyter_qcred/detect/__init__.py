"""Find secrets that nobody told us of, by their format. Data decides: one detector, one file."""
