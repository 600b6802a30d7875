"""A whole archive of films in one run that may be killed and goes on where it stood.

`run` lists the films and hands them to an engine, `engine_ray` (a cluster, or this machine) or `engine_local` (this
machine's cores); both put each film through the two `stages` and give back one `FilmResult` for each. `ledger` keeps
them: so many films make a part, written as Parquet, and a part counts once its entry in the ledger is there.
"""
