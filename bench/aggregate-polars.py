"""Four columns a person and day with polars: the steps, and the mean heart rate asleep. Prints seconds and rows as JSON."""

import json
import sys
import time

import polars as pl

events, people = sys.argv[1:3]
started = time.perf_counter()
worn = pl.read_csv(people, has_header=False, new_columns=["device_id", "user_id", "zone"])
parts = []
for (zone,), devices in worn.group_by("zone"):
    moment = pl.from_epoch("timestamp_ms", time_unit="ms").dt.replace_time_zone("UTC")
    parts.append(
        pl.scan_parquet(f"{events}/**/*.parquet", hive_partitioning=False)
        .select("device_id", "timestamp_ms", "heart_rate", "steps", "asleep")
        .join(devices.lazy().select("device_id", "user_id"), on="device_id")
        .with_columns(date=moment.dt.convert_time_zone(zone).dt.date())
    )
told = (
    pl.concat(parts)
    .group_by("user_id", "date")
    .agg(
        total_steps=pl.col("steps").sum(),
        avg_heart_rate=pl.col("heart_rate").filter(pl.col("asleep")).mean(),
    )
    .collect(engine="streaming")
)
seconds = time.perf_counter() - started
print(json.dumps({"seconds": seconds, "rows": told.height, "version": pl.__version__}))
