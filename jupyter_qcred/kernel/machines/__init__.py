"""What runs circuits and problems: a vendor's device, or a simulator here, behind one interface."""
