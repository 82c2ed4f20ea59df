"""Which pictures are looked at: Snowlight's own rule (`snowlight detect --look-every`), for baselines at key pictures.

Key pictures if they come often enough, otherwise pictures at the same distance.
"""

# The rates at which everything is run, as column titles, with the time between two looks; None examines every picture.
RATES = {"full": None, "2s": 2.0, "5s": 5.0}


class Rhythm:
    def __init__(self, every_s, key_times):
        gaps = [later - earlier for earlier, later in zip(key_times, key_times[1:])]
        self.every_s, self.last_s = every_s, None
        self.keys_only = every_s is not None and len(gaps) >= 2 and max(gaps) <= every_s * 1.1

    def is_due(self, at_s, is_key):
        if self.every_s is None:
            return True
        if self.keys_only and not is_key:
            return False
        # Half a picture at 25 a second early is on time.
        if self.last_s is not None and self.last_s <= at_s < self.last_s + self.every_s - 0.02:
            return False
        self.last_s = at_s
        return True
