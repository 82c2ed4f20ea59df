"""A folder of clips with its `labels.json`: what is in each file and how it is scored.

{"tolerance": {"before_s", "after_s", "strict_s"}, "clips": [{"file", "duration_s", "events": [[start, end], …]}, …]}; `events: null` means
unlabelled (robustness only). Optional for each clip: `zone_px` [x, y, width, height] where alone things count, `dont_care`
[[start, end], …], and what camera-fleet adds: `disturbance`, `light`, `kinds` of the events, `tamper` [{"kind", "span": [start, end]}].
"""

import json
from dataclasses import dataclass
from pathlib import Path

from measure import Refused
from scoring import Tolerance


@dataclass(frozen=True)
class Clip:
    path: Path
    name: str
    label: dict

    @property
    def events(self):
        """[(start, end), …], or None for a clip without labels."""
        events = self.label.get("events")
        return None if events is None else [tuple(event) for event in events]

    @property
    def tamper(self):
        return self.label.get("tamper", [])

    @property
    def dont_care(self):
        return [tuple(stretch) for stretch in self.label.get("dont_care", [])]

    @property
    def group(self):
        """`tamper`, `unlabelled`, `empty` or `events`: what the clip is for."""
        if self.tamper:
            return "tamper"
        if self.events is None:
            return "unlabelled"
        return "events" if self.events else "empty"

    def zone(self, width, height):
        """(left, top, right, bottom), relative; the whole picture when the labels name no zone."""
        if "zone_px" not in self.label:
            return 0.0, 0.0, 1.0, 1.0
        x, y, w, h = self.label["zone_px"]
        return x / width, y / height, min((x + w) / width, 1.0), min((y + h) / height, 1.0)


def read(folder):
    """The clips of a folder and the tolerance that its labels ask for."""
    folder = Path(folder).resolve()
    try:
        labels = json.loads((folder / "labels.json").read_text())
        clips = [Clip(folder / label["file"], label["file"], label) for label in labels["clips"]]
        tolerance = Tolerance(**labels.get("tolerance", {}))
    except OSError as failure:
        raise Refused(f"{folder} holds no labels.json that can be read: {failure.strerror}") from None
    except (ValueError, KeyError, TypeError) as failure:
        raise Refused(f"{folder}/labels.json is not as it should be: {failure}") from None
    missing = [clip.name for clip in clips if not clip.path.is_file()]
    if missing or not clips:
        raise Refused(f"{folder}/labels.json names {missing[0] if missing else 'no clips'}, which is not there")
    return clips, tolerance
