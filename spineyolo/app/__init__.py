"""The reading page: drop films, look, correct a level, take the result away. `python tools/app.py` serves it."""
