"""Documents as files: what they are, whether they may be kept, and how their names are made safe."""
