"""Runs manifests on Spark: declared views, SELECTs, Parquet files. What is computed stands in the manifest alone.

    spark-runner.py --serve                          manifests as JSON lines on standard input, answers on standard output
    spark-runner.py --manifest <uri> --result <uri>  one manifest, as a step of a cluster runs it
                    --chosen <uri> --attempt <name>  and only when the object <uri> names this attempt
                    --seconds <n>                    and for so long at most

A manifest:
    {"formatVersion": 1, "name": "...", "conf": {"<setting of the session>": "..."},
     "views": {"<name>": {"columns": [{"name": "...", "type": "BIGINT"}], "files": ["file:///..."]}},
     "steps": [{"step": "view",  "name": "...", "sql": "...", "keep": true},
               {"step": "write", "name": "...", "sql": "...", "to": "file:///...", "partitions": ["..."]},
               {"step": "read",  "name": "<view>", "of": "<a write>", "columns": [...]},
               {"step": "rows",  "name": "...", "sql": "...", "limit": 1000}]}
`{attempt}` in "to" stands for the name of the attempt.
`keep` computes a view once. Any step may have "if": "<name>"; it is left out when that earlier `rows` has found none.
The result: {"formatVersion": 1, "steps": {"<write>": {"files": [{"uri", "name", "bytes", "rows"}]}, "<rows>": {"rows": [{...}]}}}
"""

import argparse
import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

FORMAT_VERSION = 1
BEAT_SECONDS = 5
DETAIL_CHARACTERS = 4000
# Whoever has started this says which attempt counts as soon as the service has answered.
CHOICE_SECONDS = 600
CHOICE_EVERY_SECONDS = 2
# A Java that hangs does not write any more what is to be said at the end.
LAST_WORDS_SECONDS = 60
# On S3 each of these is a request or two.
FILES_AT_ONCE = 16
# Spark leaves partition columns out of the files; they are to stand there as well.
PARTITION = "__partition_"


def open_session(name):
    from pyspark.sql import SparkSession

    return SparkSession.builder.appName(name).getOrCreate()


def quoted(name):
    return "`%s`" % name.replace("`", "``")


class Files:
    """Files of any place that Hadoop knows."""

    def __init__(self, spark):
        self.jvm = spark._jvm
        self.configuration = spark._jsc.hadoopConfiguration()

    def path(self, uri):
        return self.jvm.org.apache.hadoop.fs.Path(uri)

    def system(self, path):
        return path.getFileSystem(self.configuration)

    def exists(self, uri):
        path = self.path(uri)
        return self.system(path).exists(path)

    def read(self, uri):
        path = self.path(uri)
        stream = self.system(path).open(path)
        try:
            return self.jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8")
        finally:
            stream.close()

    def write(self, uri, text):
        path = self.path(uri)
        stream = self.system(path).create(path, True)
        try:
            stream.write(bytearray(text, "utf-8"))
        finally:
            stream.close()

    def rows_in(self, path):
        parquet = self.jvm.org.apache.parquet.hadoop
        source = parquet.util.HadoopInputFile.fromPath(path, self.configuration)
        reader = parquet.ParquetFileReader.open(source)
        try:
            return reader.getRecordCount()
        finally:
            reader.close()

    def parquet_below(self, uri):
        top = self.path(uri)
        system = self.system(top)
        root = system.makeQualified(top).toString().rstrip("/") + "/"
        found = []
        listing = system.listFiles(top, True)
        while listing.hasNext():
            status = listing.next()
            if status.getPath().getName().endswith(".parquet"):
                found.append((status.getPath(), status.getLen()))

        def described(file):
            path, size = file
            uri = path.toString()
            return {"uri": uri, "name": uri[len(root):], "bytes": size, "rows": self.rows_in(path)}

        with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
            return sorted(pool.map(described, found), key=lambda file: file["name"])

    def name_partitions(self, uri, levels):
        """Gives the folders of partitions their own names, level by level."""
        tops = [self.path(uri)]

        def renamed(folder):
            name = folder.getName()
            if not name.startswith(PARTITION):
                return folder
            target = self.jvm.org.apache.hadoop.fs.Path(folder.getParent(), name[len(PARTITION):])
            if not self.system(folder).rename(folder, target):
                raise IOError("a folder of a partition could not be renamed")
            return target

        for _ in range(levels):
            inner = [each.getPath() for top in tops for each in self.system(top).listStatus(top) if each.isDirectory()]
            with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
                tops = list(pool.map(renamed, inner))


class UnknownFormat(ValueError):
    """The manifest is of another version's format."""


class Run:
    """One manifest, in a session of its own over the shared Spark."""

    def __init__(self, spark, manifest, on_step, attempt=""):
        if manifest.get("formatVersion") != FORMAT_VERSION:
            raise UnknownFormat(f"a manifest of format {manifest.get('formatVersion')} is not known")
        self.spark = spark.newSession()
        for name, value in manifest.get("conf", {}).items():
            self.spark.conf.set(name, value)
        self.files = Files(spark)
        self.manifest = manifest
        self.attempt = attempt
        self.on_step = on_step
        self.kept = []
        self.done = {}

    def frame(self, columns, files):
        named = [(quoted(each["name"]), each["type"]) for each in columns]
        if not files:
            casts = ", ".join("CAST(NULL AS %s) AS %s" % (type, name) for name, type in named)
            return self.spark.sql("SELECT %s WHERE false" % casts)
        schema = ", ".join("%s %s" % each for each in named)
        # The names of files are no patterns.
        return self.spark.read.schema(schema).option("__globPaths__", "false").parquet(*files)

    def view(self, step):
        frame = self.spark.sql(step["sql"])
        if step.get("keep"):
            frame = frame.persist()
            self.kept.append(frame)
            # Made at once, Spark knows how large it is: of what is yet to be made it guesses the product
            # of what was joined, and sends the larger side of the next join to everybody.
            frame.count()
        frame.createOrReplaceTempView(step["name"])

    def write(self, step):
        from pyspark.sql.functions import col

        frame = self.spark.sql(step["sql"])
        partitions = step.get("partitions", [])
        for name in partitions:
            frame = frame.withColumn(PARTITION + name, col(quoted(name)))
        to = step["to"].replace("{attempt}", self.attempt)
        writer = frame.write.mode("overwrite").option("compression", "zstd")
        writer = writer.option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false")
        writer.partitionBy(*[PARTITION + name for name in partitions]).parquet(to)
        self.files.name_partitions(to, len(partitions))
        self.done[step["name"]] = {"files": self.files.parquet_below(to)}

    def read(self, step):
        files = [file["uri"] for file in self.done[step["of"]]["files"]]
        self.frame(step["columns"], files).createOrReplaceTempView(step["name"])

    def rows(self, step):
        found = self.spark.sql(step["sql"]).take(step["limit"])
        self.done[step["name"]] = {"rows": [row.asDict(recursive=True) for row in found]}

    def left_out(self, step):
        condition = step.get("if")
        return condition is not None and len(self.done[condition]["rows"]) == 0

    def run(self):
        try:
            for name, view in self.manifest["views"].items():
                self.frame(view["columns"], view["files"]).createOrReplaceTempView(name)
            for at, step in enumerate(self.manifest["steps"]):
                if self.left_out(step):
                    continue
                self.on_step(at, step["name"])
                {"view": self.view, "write": self.write, "read": self.read, "rows": self.rows}[step["step"]](step)
            return {"formatVersion": FORMAT_VERSION, "spark": self.spark.version, "steps": self.done}
        finally:
            for frame in self.kept:
                frame.unpersist()


def root_cause(error):
    """The innermost error of Java or Python: what went wrong, without what was in its way."""
    java = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    if java is not None:
        while java.getCause() is not None:
            java = java.getCause()
        return {"type": java.getClass().getName(), "detail": str(java.getMessage())[:DETAIL_CHARACTERS]}
    while error.__cause__ is not None:
        error = error.__cause__
    return {"type": type(error).__name__, "detail": str(error)[:DETAIL_CHARACTERS]}


def describe(error):
    try:
        return root_cause(error)
    except Exception:  # Java has gone: nothing can be asked of it any more.
        return {"type": type(error).__name__, "detail": str(error)[:DETAIL_CHARACTERS]}


class Server:
    """Standard output carries answers alone: what anybody else prints goes to standard error."""

    def __init__(self):
        self.out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self.lock = threading.Lock()
        self.working = None

    def say(self, message):
        with self.lock:
            self.out.write(json.dumps(message) + "\n")
            self.out.flush()

    def beat(self, spark):
        """Says that Java answers, not only that this process lives."""
        while True:
            time.sleep(BEAT_SECONDS)
            number = self.working
            if number is None:
                continue
            try:
                spark._jvm.java.lang.System.currentTimeMillis()
                self.say({"id": number, "alive": True})
            except Exception:
                return

    def answer(self, spark, request):
        number = request["id"]
        self.working = number
        try:
            on_step = lambda at, name: self.say({"id": number, "step": at, "name": name})
            return {"id": number, "ok": True, "result": Run(spark, request["manifest"], on_step).run()}
        except Exception as error:
            return {"id": number, "ok": False, "error": describe(error)}
        finally:
            self.working = None

    def requests(self):
        """Ends the process with its parent, also in the middle of a job; Java ends with us."""
        arrived = []
        ready = threading.Semaphore(0)

        def read():
            for line in sys.stdin:
                arrived.append(json.loads(line))
                ready.release()
            os._exit(0)

        threading.Thread(target=read, daemon=True).start()
        while True:
            ready.acquire()
            yield arrived.pop(0)

    def serve(self, spark):
        threading.Thread(target=self.beat, args=(spark,), daemon=True).start()
        self.say({"ready": True, "spark": spark.version, "pid": os.getpid()})
        for request in self.requests():
            self.say(self.answer(spark, request))


def is_chosen(files, uri, attempt):
    """Of several starts of the same work one is chosen, by an object that is written once. Waits for it."""
    until = time.monotonic() + CHOICE_SECONDS
    while not files.exists(uri):
        if time.monotonic() > until:
            return False
        time.sleep(CHOICE_EVERY_SECONDS)
    return json.loads(files.read(uri))["attempt"] == attempt


class Limit:
    """Ends this process when its time is up: also where Java hangs, and where nobody waits for it any more."""

    def __init__(self, seconds, uri):
        self.uri = uri
        self.files = None
        self.said = threading.Lock()
        self.error = {"type": "TimeLimit", "detail": "it ran for more than %g minutes" % round(seconds / 60, 1)}
        self.timer = threading.Timer(seconds, self.end)
        self.timer.daemon = True
        if seconds > 0:
            self.timer.start()

    def answer(self, files, result):
        """There is one answer alone: this one, or that the time was up."""
        if not self.said.acquire(blocking=False):
            self.timer.join()
        files.write(self.uri, json.dumps(result))

    def end(self):
        print("failed: %(type)s: %(detail)s" % self.error, file=sys.stderr, flush=True)
        if self.files is not None and self.said.acquire(blocking=False):
            text = json.dumps({"ok": False, "error": self.error})
            words = threading.Thread(target=self.files.write, args=(self.uri, text), daemon=True)
            words.start()
            words.join(LAST_WORDS_SECONDS)
        os._exit(1)


def run_once(arguments):
    limit = Limit(arguments.seconds, arguments.result)
    spark = open_session("watchlake")
    files = limit.files = Files(spark)
    if arguments.chosen and not is_chosen(files, arguments.chosen, arguments.attempt):
        print("another start of the same work was chosen: this one ends without touching data", file=sys.stderr)
        spark.stop()
        return 0
    say = lambda at, name: print("step %d: %s" % (at, name), file=sys.stderr)
    try:
        manifest = json.loads(files.read(arguments.manifest))
        result = {"ok": True, "result": Run(spark, manifest, say, arguments.attempt).run()}
    except Exception as error:
        result = {"ok": False, "error": describe(error)}
        print("failed: %(type)s: %(detail)s" % result["error"], file=sys.stderr)
    limit.answer(files, result)
    spark.stop()
    return 0 if result["ok"] else 1


def main():
    parser = argparse.ArgumentParser(description="Runs manifests of SQL on Spark.", allow_abbrev=False)
    parser.add_argument("--serve", action="store_true", help="read manifests from standard input")
    parser.add_argument("--manifest", help="URI of one manifest")
    parser.add_argument("--result", help="URI that its result is written to")
    parser.add_argument("--chosen", help="URI of the object that names the attempt that counts")
    parser.add_argument("--attempt", default="", help="name of this attempt")
    parser.add_argument("--seconds", type=int, default=0, help="end by itself after so long; never when it is 0")
    # Services add arguments of their own.
    arguments, _ = parser.parse_known_args()
    if arguments.serve:
        server = Server()
        server.serve(open_session("watchlake"))
        return 0
    if not (arguments.manifest and arguments.result):
        parser.error("give --serve, or --manifest and --result")
    return run_once(arguments)


if __name__ == "__main__":
    status = main()
    # Glue takes any exit for a failure.
    if status != 0:
        sys.exit(status)
