"""What holds for properties: whatever the machine is busy with, no example fails for being slow."""

from hypothesis import settings

settings.register_profile("caudal", deadline=None)
settings.load_profile("caudal")
