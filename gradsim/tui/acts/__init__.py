"""What keys do, by what it is about; `app.py` puts it together."""
