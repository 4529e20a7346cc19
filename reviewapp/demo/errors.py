"""What can go wrong with the demo, each a sentence for the person at the terminal."""


class DemoFailed(Exception):
    """The root: catching it catches every failure this room raises on purpose."""


class DataUnavailable(DemoFailed):
    """The two data sets cannot be had, or are not what they should be."""


class NotSeeded(DemoFailed):
    """There is nothing to feed: `seed_demo` has not run with this data folder."""
