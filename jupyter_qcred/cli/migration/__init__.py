"""What ``jupyter qcred migrate`` is made of: moves, and the proof that one was made."""
