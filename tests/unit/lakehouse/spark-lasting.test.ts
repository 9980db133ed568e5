/** Which failures of the runner another start cannot help, by the names that Spark 3.5, Java and the runner have. */
import { isLastingFailure } from '../../../lakehouse/engines/spark/lasting';

test.each([
  'org.apache.spark.sql.AnalysisException',
  'org.apache.spark.sql.catalyst.ExtendedAnalysisException',
  'org.apache.spark.sql.catalyst.parser.ParseException',
  'org.apache.spark.SparkArithmeticException',
  'org.apache.spark.SparkDateTimeException',
  'org.apache.spark.SparkNumberFormatException',
  'org.apache.spark.SparkRuntimeException',
  'java.lang.ArithmeticException',
  'java.time.format.DateTimeParseException',
  'UnknownFormat',
])('%s comes again', (type) => {
  expect(isLastingFailure(type)).toBe(true);
});

test.each([
  'org.apache.spark.SparkException',
  'org.apache.spark.SparkFileNotFoundException',
  'org.apache.spark.ExecutorDeadException',
  'org.apache.spark.shuffle.FetchFailedException',
  'com.amazonaws.services.s3.model.AmazonS3Exception',
  'com.amazonaws.SdkClientException',
  'org.apache.http.ParseException',
  'java.io.IOException',
  'java.lang.IllegalStateException',
  'java.lang.OutOfMemoryError',
  'OSError',
  'Py4JNetworkError',
])('%s may pass', (type) => {
  expect(isLastingFailure(type)).toBe(false);
});
