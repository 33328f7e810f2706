"""Vendors on the loopback interface that check credentials and run what they are given."""
