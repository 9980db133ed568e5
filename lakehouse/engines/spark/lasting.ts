/** Failures of the runner that come again however often the same SQL runs over the same data. */

const SPARK = 'org.apache.spark';
const OF_SQL = [
  'Arithmetic',
  'ArrayIndexOutOfBounds',
  'DateTime',
  'IllegalArgument',
  'NoSuchElement',
  'NumberFormat',
  'Runtime',
  'UnsupportedOperation',
  'Upgrade',
];

// By full names: an HTTP client has a ParseException as well, and that one passes.
const LASTING: ReadonlySet<string> = new Set([
  `${SPARK}.sql.AnalysisException`,
  `${SPARK}.sql.catalyst.ExtendedAnalysisException`,
  `${SPARK}.sql.catalyst.parser.ParseException`,
  ...OF_SQL.map((kind) => `${SPARK}.Spark${kind}Exception`),
  'java.lang.ArithmeticException',
  'java.lang.NumberFormatException',
  'java.time.DateTimeException',
  'java.time.format.DateTimeParseException',
  // The runner's own, of a manifest.
  'UnknownFormat',
]);

/** `type`: the class of the error, as the runner tells it. What nobody knows may pass. */
export const isLastingFailure = (type: string): boolean => LASTING.has(type);
