"""Coverage-guided fuzzing of everything that reads bytes from outside, for an afternoon: not part of any suite."""
