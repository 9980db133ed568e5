"""Converts the smartwatch recordings of the PyPI package seglearn into data/sample/watch-exercises.zip.

Run it in an environment that has numpy and seglearn==1.2.5:

    python3 -m venv build-env
    build-env/bin/pip install numpy==1.26.4
    build-env/bin/pip install --no-deps seglearn==1.2.5
    build-env/bin/python scripts/convert-seglearn.py data/sample/watch-exercises.zip

The same package gives the same bytes: members are sorted and carry a fixed date.
"""

import csv
import importlib.util
import io
import pathlib
import sys
import zipfile

import numpy as np

RATE_HZ = 50
PERIOD_MS = 1000 // RATE_HZ
# The source has no clock. The recordings of one watch are laid one after another, in the order of the
# source, on a clock that starts at zero, with a pause that no window can span.
PAUSE_MS = 10_000
EXERCISES = {
    "PEN": "pendulum",
    "ABD": "abduction",
    "FEL": "forward-elevation",
    "IR": "internal-rotation",
    "ER": "external-rotation",
    "TRAP": "trapezius-extension",
    "ROW": "upright-row",
}
# Limits are generous physical bounds of a wrist-worn sensor (16 g, 2000 degrees/s), not of this sample.
CHANNELS = [
    ("ax", "g", -16, 16),
    ("ay", "g", -16, 16),
    ("az", "g", -16, 16),
    ("wx", "rad/s", -34.9, 34.9),
    ("wy", "rad/s", -34.9, 34.9),
    ("wz", "rad/s", -34.9, 34.9),
]


def load_source():
    # Found without importing the package, which would ask for scipy and scikit-learn.
    package = importlib.util.find_spec("seglearn").submodule_search_locations[0]
    return np.load(pathlib.Path(package, "data", "watch_dataset.npy"), allow_pickle=True).item()


def csv_text(header, rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def convert(source):
    assert source["X_labels"] == [name for name, *_ in CHANNELS]
    members, metadata, device_clock_ms = {}, [], {}
    for index, samples in enumerate(source["X"]):
        subject = f"P{int(source['subject'][index]):02d}"
        side = "right" if source["side"][index] == 1 else "left"
        device = f"watch-{subject}-{side}"
        label = EXERCISES[source["y_labels"][int(source["y"][index])]]
        recording = f"r{index + 1:03d}"
        start_ms = device_clock_ms.get(device, 0)
        rows = [
            [start_ms + position * PERIOD_MS, *(f"{value:.6f}" for value in sample), label]
            for position, sample in enumerate(samples)
        ]
        device_clock_ms[device] = rows[-1][0] + PERIOD_MS + PAUSE_MS
        metadata.append([recording, subject, device, side])
        header = ["timestamp_ms", *(name for name, *_ in CHANNELS), "label"]
        members[f"recordings/{recording}.csv"] = csv_text(header, rows)
    members["recordings.csv"] = csv_text(["recording", "subject", "device", "side"], metadata)
    members["channels.csv"] = csv_text(["channel", "unit", "minimum", "maximum"], CHANNELS)
    return members


def write_zip(members, target):
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, date_time=(2018, 2, 5, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, members[name])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: convert-seglearn.py <target.zip>")
    converted = convert(load_source())
    write_zip(converted, sys.argv[1])
    samples = sum(text.count("\n") - 1 for name, text in converted.items() if name.startswith("recordings/"))
    print(f"{sys.argv[1]}: {len(converted) - 2} recordings, {samples} samples")
