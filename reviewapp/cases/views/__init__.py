"""The pages of reviewers, one module for each page with what belongs to it."""
