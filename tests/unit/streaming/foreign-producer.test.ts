/** What docs/streaming.md tells writers in other languages is what a predictor reads. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../../core/project-root';
import {
  SAMPLE_BATCH_SCHEMA,
  SCHEMA_HEADER,
  decodeSampleBatch,
} from '../../../streaming/sample-batch';

const docs = readFileSync(join(PROJECT_ROOT, 'docs', 'streaming.md'), 'utf8');
const origin = { dataset: 'watch', device: 'w-1', subjectKey: 'a1b2', recording: 'Übung 1' };

function writtenByPython(last: boolean): Buffer {
  const code = /```python\n([\s\S]*?)```/.exec(docs)?.[1] ?? '';
  const call = [
    'import sys',
    `origin = json.loads(${JSON.stringify(JSON.stringify(origin))})`,
    `channels = {"ax": [1, -2.5, 3], "ay": [0.5, 0, -0.5]}`,
    `batch = sample_batch(origin, [1000, 1020, 1040.5], channels, ${last ? 'True' : 'False'})`,
    'sys.stdout.buffer.write(batch)',
  ];
  const { status, stdout, stderr } = spawnSync('python3', ['-c', [code, ...call].join('\n')]);
  if (status !== 0) throw new Error(stderr.toString());
  return stdout;
}

test.each([false, true])('a batch that its function writes is read (last: %s)', (last) => {
  const { span, ...rest } = decodeSampleBatch(writtenByPython(last), SAMPLE_BATCH_SCHEMA);
  expect(rest).toEqual({ ...origin, channels: ['ax', 'ay'], last });
  expect([...span.timestampsMs]).toEqual([1000, 1020, 1040.5]);
  expect(span.values.map((values) => [...values])).toEqual([
    [1, -2.5, 3],
    [0.5, 0, -0.5],
  ]);
});

test('the header is the one that they name', () => {
  expect(docs).toContain(`| header \`${SCHEMA_HEADER}\``);
  expect(docs).toContain(`\`${SAMPLE_BATCH_SCHEMA}\``);
});
