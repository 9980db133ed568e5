"""Cleans smartwatch files as the table recordings_trusted does, with polars' streaming engine; prints JSON."""

import json
import sys
import time
from pathlib import Path

import polars as pl

SPAN_MS = 300_000
JITTER_MS = 60_000
HOUR_MS = 3_600_000
MOTION = [
    "yaw", "pitch", "roll",
    "rotation_rate_x", "rotation_rate_y", "rotation_rate_z",
    "user_acceleration_x", "user_acceleration_y", "user_acceleration_z",
]  # fmt: skip
TEXTS = {"stamp", "location_type", "battery_state", "user_activity_label"}


def cleaned(path: Path) -> pl.LazyFrame:
    """Rows with motion, in order; place and battery carried forward, answers spread over their span."""
    names = path.open().readline().rstrip("\r\n").split(",")
    schema = {name: pl.String if name in TEXTS else pl.Float64 for name in names}
    rows = pl.scan_csv(path, has_header=False, skip_rows=2, schema=schema, quote_char=None)
    local = pl.col("stamp").str.to_datetime("%Y-%m-%d %H:%M:%S%.f").dt.timestamp("us") / 1000
    before = pl.col("local").shift(1)
    back = pl.when(pl.col("local") < before - JITTER_MS)
    hours = ((before - pl.col("local") - JITTER_MS) / HOUR_MS).ceil() * HOUR_MS
    sparse = [name for name in names if name not in MOTION and name not in ("stamp", "user_activity_label")]
    answer = pl.col("user_activity_label").is_not_null()
    return (
        rows.with_columns(local=local)
        .with_columns(time=pl.col("local") + back.then(hours).otherwise(0.0).fill_null(0.0).cum_sum())
        .with_columns(latest=pl.col("time").cum_max().shift(1))
        .with_columns(
            pl.col(sparse).forward_fill(),
            pl.col("user_activity_label").backward_fill(),
            answered=pl.when(answer).then(pl.col("time")).backward_fill(),
        )
        .with_columns(
            label=pl.when(pl.col("answered") - pl.col("time") <= SPAN_MS).then("user_activity_label")
        )
        .filter(
            pl.all_horizontal(pl.col(MOTION).is_not_null()),
            (pl.col("time") > pl.col("latest")) | pl.col("latest").is_null(),
        )
        .drop("local", "latest", "answered", "user_activity_label")
    )


def main(source: str, target: str) -> None:
    begin = time.perf_counter()
    Path(target).mkdir(parents=True, exist_ok=True)
    rows = 0
    for path in sorted(Path(source).glob("*.csv")):
        to = Path(target) / f"{path.stem}.parquet"
        cleaned(path).sink_parquet(to, compression="zstd", engine="streaming")
        rows += pl.scan_parquet(to).select(pl.len()).collect().item()
    seconds = time.perf_counter() - begin
    result = {"seconds": seconds, "steps": {}, "rows": {"recordings_trusted": rows}}
    print(json.dumps({**result, "versions": {"polars": pl.__version__}}))


main(*sys.argv[1:])
