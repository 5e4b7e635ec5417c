"""Models that the owner installs: the list of them, fetching, unpacking, putting in place, checking, removing."""
