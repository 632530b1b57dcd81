"""What `haulage doctor` looks at. Nothing is changed; each server gets a few seconds.

Drivers are imported inside the checks, which a light install skips.
"""
