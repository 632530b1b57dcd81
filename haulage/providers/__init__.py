"""Rank 3: language models behind one face; one file for each family of providers."""
