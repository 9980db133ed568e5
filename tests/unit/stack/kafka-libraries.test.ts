/** What the broker needs of the machine: named clearly when it is missing or too old. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  javaMajorVersion,
  KAFKA_SOURCES,
  KAFKA_VERSION,
  kafkaJars,
  requireJava,
  requireMaven,
} from '../../../stack/kafka-libraries';
import { parseHashes } from '../../../stack/maven-jars';
import { fakeTools, type FakeTools } from './fake-tools';

let tools: FakeTools;
beforeEach(async () => {
  tools = await fakeTools();
});
afterEach(() => tools.remove());

test.each([
  ['openjdk version "17.0.15" 2025-04-15', 17],
  ['java version "1.8.0_402"', 8],
  ['openjdk version "25" 2025-09-16', 25],
  ['The operation couldn’t be completed. Unable to locate a Java Runtime.', undefined],
])('reads %s', (text, major) => {
  expect(javaMajorVersion(text)).toBe(major);
});

test('says what to do when there is no Java', async () => {
  await expect(requireJava(tools)).rejects.toMatchObject({
    code: 'TOOL_MISSING',
    message: expect.stringMatching(/Java.*KAFKA_BROKERS.*openjdk-17/) as string,
  });
});

test('says which Java it found when it is too old', async () => {
  await tools.put('java', 'echo \'openjdk version "11.0.2" 2019-01-15\' >&2');
  await expect(requireJava(tools)).rejects.toMatchObject({
    code: 'TOOL_MISSING',
    message: expect.stringMatching(/Java 17 or newer.*version 11/) as string,
  });
});

test('accepts a newer Java', async () => {
  await tools.put('java', 'echo \'openjdk version "21.0.2" 2024-01-16\' >&2');
  await expect(requireJava(tools)).resolves.toContain('21.0.2');
});

test('says what to do when there is no Maven and the jars are not cached', async () => {
  await expect(requireMaven(tools)).rejects.toMatchObject({ code: 'TOOL_MISSING' });
  const options = { ...tools, cache: join(tools.folder, 'cache') };
  await expect(kafkaJars(options)).rejects.toMatchObject({
    code: 'TOOL_MISSING',
    message: expect.stringMatching(/Maven.*KAFKA_BROKERS/) as string,
  });
});

test('refuses jars that are not those of the committed list', async () => {
  await tools.put(
    'mvn',
    'for word in "$@"; do case $word in\n' +
      '  --version) echo "Apache Maven 3.9.9"; exit 0;;\n' +
      `  -DoutputDirectory=*) echo changed > "\${word#*=}/kafka_2.13-${KAFKA_VERSION}.jar";;\n` +
      'esac; done',
  );
  const options = { ...tools, cache: join(tools.folder, 'cache') };
  await expect(kafkaJars(options)).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
});

test('lists a hash for every jar, and the version of the pom', async () => {
  const hashes = parseHashes(await readFile(join(KAFKA_SOURCES, 'jars.sha256'), 'utf8'));
  expect(hashes.size).toBeGreaterThan(40);
  for (const sha256 of hashes.values()) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  expect([...hashes.keys()]).toContain(`kafka_2.13-${KAFKA_VERSION}.jar`);
  const pom = await readFile(join(KAFKA_SOURCES, 'pom.xml'), 'utf8');
  expect(pom).toContain(`<version>${KAFKA_VERSION}</version>`);
});
