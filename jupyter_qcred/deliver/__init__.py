"""Hand credentials to one kernel, over a descriptor that only it inherits."""
