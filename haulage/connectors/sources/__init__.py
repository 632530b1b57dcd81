"""Sources that come with Haulage: the contracts of systems that it takes the tasks of."""
