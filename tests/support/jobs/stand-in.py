"""Stands in for Spark where not Spark is tested: the runner's own program, on files by boto3 and rows made before.

    stand-in.py <spark-runner.py> <arguments of the runner>

The choice of the attempt, the order of things and the result are the runner's own code. Each run that
gets as far as touching data leaves an object `processed/<folder of the generation>/<attempt>` behind.
"""

import importlib.util
import json
import os
import signal
import sys
import time
from urllib.parse import urlparse

import boto3

canned = json.loads(os.environ["STAND_IN"])
s3 = boto3.client("s3")


def place(uri):
    parsed = urlparse(uri)
    return {"Bucket": parsed.netloc, "Key": parsed.path.lstrip("/")}


class Files:
    def exists(self, uri):
        at = place(uri)
        found = s3.list_objects_v2(Bucket=at["Bucket"], Prefix=at["Key"], MaxKeys=1)
        return any(each["Key"] == at["Key"] for each in found.get("Contents", []))

    def read(self, uri):
        return s3.get_object(**place(uri))["Body"].read().decode("utf-8")

    def write(self, uri, text):
        if canned.get("hangs"):
            time.sleep(600)
        s3.put_object(**place(uri), Body=text.encode("utf-8"))


class SparkException(Exception):
    pass


def shut_down(number, frame):
    """As Java does, whose end makes whatever Python waits for fail."""
    raise SparkException("Job 0 cancelled because SparkContext was shut down")


class Run:
    def __init__(self, spark, manifest, on_step, attempt=""):
        self.manifest, self.attempt = manifest, attempt

    def rows(self, name):
        if name.startswith("check "):
            return [{"offending": 0}]
        n = canned["rows"]
        fates = {"quarantine": None, "dropped": None, "note": None, "n": n}
        made = {"driving": [{"n": n}], "fates": [fates], "balance": [{"reason": None, "driving_rows": n}]}
        return made.get(name, [])

    def write(self, step):
        with open(canned["file"], "rb") as file:
            body = file.read()
        uri = step["to"].replace("{attempt}", self.attempt) + "/part-0.parquet"
        s3.put_object(**place(uri), Body=body)
        return [{"uri": uri, "name": "part-0.parquet", "bytes": len(body), "rows": canned["rows"]}]

    def run(self):
        signal.signal(signal.SIGTERM, shut_down)
        chosen = place(runner_arguments["--chosen"])
        folder = chosen["Key"].rsplit("/", 1)[0]
        s3.put_object(Bucket=chosen["Bucket"], Key="processed/%s/%s" % (folder, self.attempt), Body=b"")
        time.sleep(canned["seconds"])
        steps = {}
        for step in self.manifest["steps"]:
            if step["step"] == "write" and step["name"] == "rows":
                steps["rows"] = {"files": self.write(step)}
            elif step["step"] == "rows":
                steps[step["name"]] = {"rows": self.rows(step["name"])}
        return {"formatVersion": 1, "spark": "stand-in", "steps": steps}


class Session:
    def stop(self):
        pass


specification = importlib.util.spec_from_file_location("runner", sys.argv[1])
runner = importlib.util.module_from_spec(specification)
specification.loader.exec_module(runner)
runner.open_session = lambda name: Session()
runner.Files = lambda spark: Files()
runner.Run = Run
runner.CHOICE_EVERY_SECONDS = 0.1
runner.LAST_WORDS_SECONDS = 0.2
runner.CHOICE_SECONDS = canned.get("patience", 30)
given = sys.argv[2:]
runner_arguments = dict(zip(given[0::2], given[1::2]))
sys.argv = sys.argv[1:]
time.sleep(canned.get("startSeconds", 0))
sys.exit(runner.main())
