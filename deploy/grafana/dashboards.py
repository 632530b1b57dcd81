"""Write Grafana's documents from `panels.py`: `python -m deploy.grafana.dashboards`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy.grafana.panels import DASHBOARDS, Panel

FOLDER = Path(__file__).parent / "dashboards"
COLUMNS = 24
SIZES = {"stat": (4, 4), "timeseries": (12, 8)}
COLOURS = ("green", "yellow", "red")


def documents() -> dict[str, str]:
    """The text of each file in `dashboards/`, by its name."""
    return {
        f"{uid}.json": json.dumps(dashboard(uid, title, panels), indent=1) + "\n"
        for uid, (title, panels) in DASHBOARDS.items()
    }


def dashboard(uid: str, title: str, panels: Sequence[Panel]) -> dict[str, Any]:
    """One dashboard: small numbers first, then pictures, two in a row."""
    x = y = height = 0
    placed = []
    for number, panel in enumerate(panels, 1):
        wide, high = SIZES[panel.kind]
        if x + wide > COLUMNS:
            x, y, height = 0, y + height, 0
        placed.append({**_panel(number, panel), "gridPos": {"x": x, "y": y, "w": wide, "h": high}})
        x, height = x + wide, max(height, high)
    others = [
        {
            "title": name,
            "type": "link",
            "url": f"/d/{other}",
            "keepTime": True,
        }
        for other, (name, _) in DASHBOARDS.items()
        if other != uid
    ]
    return {
        "uid": uid,
        "title": title,
        "tags": ["haulage"],
        "timezone": "browser",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "editable": False,
        "links": others,
        "annotations": {"list": [_ALERTS]},
        "panels": placed,
    }


SOURCE = {"type": "prometheus", "uid": "prometheus"}
_ALERTS = {
    "name": "Alerts",
    "datasource": SOURCE,
    "enable": True,
    "iconColor": "red",
    "expr": 'ALERTS{alertstate="firing", alertname=~"Haulage.*"}',
    "titleFormat": "{{alertname}}",
}


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    steps = [
        {"color": colour, "value": limit}
        for colour, limit in zip(COLOURS, (None, *panel.limits), strict=False)
    ]
    return {
        "id": number,
        "title": panel.title,
        "description": panel.says,
        "type": panel.kind,
        "datasource": SOURCE,
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "options": {"tooltip": {"mode": "multi", "sort": "desc"}},
        "targets": [
            {"refId": chr(ord("A") + n), "datasource": SOURCE, "expr": expr, "legendFormat": legend}
            for n, (expr, legend) in enumerate(panel.queries)
        ],
    }


def main() -> None:
    """Write them all."""
    for name, text in documents().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
