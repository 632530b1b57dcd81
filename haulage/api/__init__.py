"""Rank 7: the HTTP face. Translates between HTTP and the engine; decides nothing itself."""
