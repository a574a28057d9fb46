"""Files in and out: the only rooms that touch the disk."""
