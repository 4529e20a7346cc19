"""Pages of people, their rights and keys."""
