"""From events to models, offline."""
