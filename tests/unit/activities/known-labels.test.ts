/** Which of the answers that were known by then a training may learn from, and which judge it. */
import { knownLabels } from '../../../activities/known-labels';
import type { AnnotationStore } from '../../../annotation/annotation';
import type { Label } from '../../../annotation/labels';
import type { ModelVersion } from '../../../registry/versions';

const TRAINED = '2026-02-01T00:00:00.000Z';
const day = (number: number): string => `2026-02-0${number}T00:00:00.000Z`;

const answer = (windowId: string, changes: Partial<Label> = {}): Label =>
  ({
    ...{ windowId, device: windowId, subjectKey: 's', startMs: 0, endMs: 4000, label: 'walk' },
    ...{ kind: 'uncertain', knownAt: day(2), ...changes },
  }) as Label;

async function known(labels: readonly Label[], knownUntil: string | undefined = TRAINED) {
  const annotation = {
    async *labels() {
      yield* labels;
    },
  } as unknown as AnnotationStore;
  const champion = { card: { data: { knownUntil } } } as unknown as ModelVersion;
  const isWithdrawn = (subjectKey: string) => subjectKey === 'gone';
  const request = { dataset: 'd', champion, knownUntil: day(9), isWithdrawn };
  const { training, audit, isAudited } = await knownLabels(annotation, request);
  const idsOf = (some: readonly Label[]) => some.map(({ windowId }) => windowId);
  return { labels: training, training: idsOf(training), audit: idsOf(audit), isAudited };
}

test('an audit judges what was trained before it was known, and is learned from afterwards', async () => {
  const audits = [TRAINED, day(2)].map((knownAt, at) =>
    answer(`audit-${at}`, { kind: 'audit', knownAt }),
  );
  expect(await known(audits)).toMatchObject({ training: ['audit-0'], audit: ['audit-1'] });
  const never = await known(audits, '');
  expect(never).toMatchObject({ training: [], audit: ['audit-0', 'audit-1'] });
});

test('of several answers about a window the last one counts, in whatever order they are told', async () => {
  const answers = [
    answer('w', { label: 'rest', knownAt: day(3), kind: 'audit' }),
    answer('w', { label: 'walk', knownAt: day(4) }),
    answer('w', { label: 'run', knownAt: day(2) }),
  ];
  for (const told of [answers, [...answers].reverse()]) {
    const { labels, audit } = await known(told);
    expect(labels.map(({ label }) => label)).toEqual(['walk']);
    expect(audit).toEqual([]);
  }
});

test('who has withdrawn is neither learned from, nor judges, nor keeps others out', async () => {
  const place = { device: 'watch' };
  const { training, audit, isAudited } = await known([
    answer('a', place),
    answer('b', { ...place, kind: 'audit', subjectKey: 'gone' }),
  ]);
  expect([training, audit]).toEqual([['a'], []]);
  expect(isAudited(answer('c', place))).toBe(false);
});
