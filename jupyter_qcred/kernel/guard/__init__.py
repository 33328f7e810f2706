"""What a folder holds that would lead a vendor's SDK elsewhere, and how its user is told.

A repository that somebody cloned may bring a file which SDKs read from the working directory, and
which says where they send keys, or whose keys they use. Clients of ours are given their addresses
and are not led there; everything else in the kernel is. Standard library only, since both halves
look: the server when a kernel starts, the kernel when a client is made.
"""
