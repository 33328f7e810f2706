"""Notice the end of a kernel, owe its revocations until they are confirmed, survive our own end."""
