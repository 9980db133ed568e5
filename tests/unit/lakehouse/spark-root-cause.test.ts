/** Out of what Spark logs, the one line that says what went wrong. */
import { rootCauseIn, shortened } from '../../../lakehouse/engines/spark/root-cause';

const WARNINGS = `Setting default log level to "WARN".
26/11/24 12:44:05 WARN NativeCodeLoader: Unable to load native-hadoop library
`;

test('the innermost cause of the last failure', () => {
  const log = `${WARNINGS}26/11/24 12:44:48 ERROR Executor: Exception in task 0.0
org.apache.spark.SparkException: Job aborted.
\tat org.apache.spark.scheduler.DAGScheduler.abort(DAGScheduler.scala:2785)
Caused by: org.apache.spark.SparkException: Task failed
\t... 12 more
Caused by: java.io.FileNotFoundException: /lake/data.parquet (No such file or directory)
\tat java.base/java.io.FileInputStream.open0(Native Method)
`;
  expect(rootCauseIn(log)).toBe(
    'java.io.FileNotFoundException: /lake/data.parquet (No such file or directory)',
  );
});

test('a full heap, whatever else followed from it', () => {
  const log = `${WARNINGS}Terminating due to java.lang.OutOfMemoryError: Java heap space
py4j.protocol.Py4JNetworkError: Answer from Java side is empty
`;
  expect(rootCauseIn(log)).toBe('java.lang.OutOfMemoryError: Java heap space');
});

test('the last words where there is no exception, and nothing where there are only warnings', () => {
  expect(rootCauseIn(`${WARNINGS}JAVA_HOME is not set\n`)).toBe('JAVA_HOME is not set');
  expect(rootCauseIn(WARNINGS)).toBe('');
});

test('values of rows are left out', () => {
  const said = `[CAST_INVALID_INPUT] The value 'ann@example.com' of the type "STRING" cannot be cast`;
  expect(shortened(said)).toBe('[CAST_INVALID_INPUT] A value of the type "STRING" cannot be cast');
});
