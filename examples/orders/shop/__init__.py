"""A shop with Django: the order and its invoice's job are one transaction."""
