/** How Spark runs on one machine: bounded, on loopback alone, without pages and without anybody else's settings. */

export interface SparkSettings {
  readonly threads: number;
  /** Of Java's heap, as in `1g`; what does not fit is spilled to files. */
  readonly memory: string;
  /** Further options of Java. */
  readonly javaOptions?: string;
}

/** Of every session, wherever it runs: the SQL means the same as on the embedded engine. */
export const SQL_PROPERTIES: Readonly<Record<string, string>> = {
  // A value that does not fit its type is an error, not a null.
  'spark.sql.ansi.enabled': 'true',
  'spark.sql.session.timeZone': 'UTC',
  'spark.sql.parquet.compression.codec': 'zstd',
};

/** A properties file: the machine's own defaults do not count beside it. */
export function sparkProperties(settings: SparkSettings, folder: string): string {
  const { threads, memory, javaOptions = '' } = settings;
  const properties = {
    ...SQL_PROPERTIES,
    'spark.master': `local[${threads}]`,
    'spark.driver.memory': memory,
    'spark.driver.host': '127.0.0.1',
    'spark.driver.bindAddress': '127.0.0.1',
    'spark.driver.extraJavaOptions': `-Djava.io.tmpdir="${folder}" -Duser.language=en -Duser.region=US -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError ${javaOptions}`,
    'spark.ui.enabled': 'false',
    'spark.ui.showConsoleProgress': 'false',
    'spark.local.dir': folder,
    'spark.sql.warehouse.dir': `${folder}/warehouse`,
    'spark.sql.catalogImplementation': 'in-memory',
    'spark.sql.shuffle.partitions': String(threads * 8),
    'spark.sql.adaptive.coalescePartitions.parallelismFirst': 'false',
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
}

// Another Spark or Hadoop on the machine would bring its own jars and defaults.
const FOREIGN = /^(SPARK_|PYSPARK_|HADOOP_|YARN_|PYTHONPATH$|PYTHONHOME$|JAVA_TOOL_OPTIONS$)/;

export function runnerEnvironment(
  environment: NodeJS.ProcessEnv,
  { python, properties }: { python: string; properties: string },
): NodeJS.ProcessEnv {
  const own = Object.entries(environment).filter(([name]) => !FOREIGN.test(name));
  return {
    ...Object.fromEntries(own),
    SPARK_LOCAL_IP: '127.0.0.1',
    PYSPARK_PYTHON: python,
    PYSPARK_SUBMIT_ARGS: `--properties-file '${properties.replaceAll("'", `'"'"'`)}' pyspark-shell`,
  };
}
