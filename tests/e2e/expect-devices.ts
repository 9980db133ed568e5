/** What holds after a month of devices, whatever was killed on the way. */
import { GRAINS, type PersonAggregate } from '../../telemetry/aggregate';
import { parseMessage } from '../../lakehouse/devices/parse-message';
import type { Anew, DeviceRun, Letter } from './device-run';

const byPerson = (a: PersonAggregate, b: PersonAggregate): number => {
  const [one, other] = [a, b].map((each) => `${each.userId} ${each.periodStart}`);
  return one === other ? 0 : (one as string) < (other as string) ? -1 : 1;
};

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, each) => total + each, 0);

const sorted = (letters: readonly Letter[]): string[] =>
  letters.map(({ reason, value }) => `${reason} ${value}`).toSorted();

function expectEqualAggregates({ expected, aggregates, again }: DeviceRun): void {
  for (const grain of GRAINS) {
    const wanted = expected.aggregates
      .filter((each) => each.grain === grain)
      .map(({ grain: _grain, ...figures }) => figures);
    expect(wanted).toHaveLength(expected.counts.aggregates[grain]);
    expect([...aggregates[grain]].sort(byPerson)).toEqual(wanted.toSorted(byPerson));
  }
  const { withoutProfile } = expected.counts;
  expect(again).toMatchObject({ periods: 0, unassigned: withoutProfile });
}

/** The lines that are no events, each once, with the reason that the generator made it for. */
function expectAllLetters({ expected, lines, letters }: DeviceRun): void {
  const malformed = lines.flatMap((value): Letter[] => {
    const bytes = Buffer.from(value);
    const message = { partition: 0, offset: 0, key: null, value: bytes, headers: {} };
    const parsed = parseMessage(message);
    return parsed.ok ? [] : [{ reason: parsed.reason, value }];
  });
  const reasons: Record<string, number> = {};
  for (const { reason } of malformed) reasons[reason] = (reasons[reason] ?? 0) + 1;
  expect(reasons).toEqual(expected.counts.malformed);
  expect(sorted(letters)).toEqual(sorted(malformed));
}

export function expectNothingLost(run: DeviceRun): void {
  const { expected, sent, table, landings } = run;
  const { events, lines, duplicates, malformed, late } = expected.counts;
  expect(sum(duplicates)).toBeGreaterThan(events * 0.015);
  expect(sum(malformed)).toBeGreaterThan(events * 0.005);
  expect(late).toBeGreaterThan(events * 0.005);
  expect(sent).toMatchObject({ sent: lines, rejected: malformed });
  expect(table).toEqual({ rows: events, events });
  const landed = (name: 'rows' | 'messages' | 'duplicates') =>
    landings.reduce((total, each) => total + each[name], 0);
  expect(landed('rows')).toBe(events);
  expect(landed('messages')).toBe(events + landed('duplicates'));
  expectAllLetters(run);
  expectEqualAggregates(run);
}

/** Who withdrew is gone and stays away; with a new consent the same events land again, and come to the same figures. */
export function expectConsentHeld({ anew, aggregates }: DeviceRun): void {
  const { rows, sent } = anew as Anew;
  expect(rows.before).toBeGreaterThan(0);
  expect(rows).toMatchObject({ erased: 0, whileWithdrawn: 0, again: rows.before });
  // What a killed server had not written down yet, it takes once more; the landing leaves it out.
  expect(sent.whileWithdrawn.accepted).toBeLessThan(rows.before / 2);
  expect(sent.again).toMatchObject({ accepted: rows.before });
  expect(anew?.aggregates).toEqual(aggregates);
}
