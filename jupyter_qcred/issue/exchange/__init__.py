"""Vendors' exchanges: a long-lived key or an identity token goes in, a short-lived value comes out.

One module an exchange; they know nothing of each other. What goes in is read by the server with the
session token, used for one request, and dropped: the kernel gets what came out.
"""
