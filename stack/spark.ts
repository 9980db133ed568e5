/** What Spark runs on: a Java of the machine that it knows, and Python with PySpark in the download cache. */
import { join } from 'node:path';
import { WatchlakeError } from '../core/errors';
import { OLDEST_JAVA, javaMajorVersion } from './kafka-libraries';
import type { PythonOptions } from './python';
import { pythonEnvironment } from './python';
import { tryTool } from './tools';

// From 23 on Java refuses what Hadoop's libraries ask of it (HADOOP-19212).
const NEWEST_JAVA = 22;
const WAYS =
  'Spark 3.5 needs Java 17 (Debian: openjdk-17-jre-headless; macOS: brew install openjdk@17)';

/** The Java that Spark takes: JAVA_HOME's, else the one on the PATH. */
async function requireSparkJava(environment: NodeJS.ProcessEnv): Promise<void> {
  const home = environment.JAVA_HOME;
  const command = home ? join(home, 'bin', 'java') : 'java';
  const text = await tryTool({ command, args: ['-version'], environment, timeoutMs: 30_000 });
  const major = javaMajorVersion(text ?? '');
  if (major !== undefined && major >= OLDEST_JAVA && major <= NEWEST_JAVA) return;
  const found = major === undefined ? `\`${command}\` does not answer` : `it is version ${major}`;
  throw new WatchlakeError('TOOL_MISSING', { tool: 'Java for Spark', detail: `${found}. ${WAYS}` });
}

/** The interpreter; TOOL_MISSING when the machine has no Java or no Python for it. */
export async function sparkPython(
  options: Omit<PythonOptions, 'name'> & { environment: NodeJS.ProcessEnv },
): Promise<string> {
  await requireSparkJava(options.environment);
  return pythonEnvironment({ ...options, name: 'spark' });
}
