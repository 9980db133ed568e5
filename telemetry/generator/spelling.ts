/** Writes made-up events as devices do: in the one spelling, the other, or a mixture. */
import type { Random } from '../../core/random';
import type { MadeEvent } from './life';
import type { Spelling } from './people';

/** How often a mixing device writes a field under both names, or says in so many words that it has none. */
const BOTH_SHARE = 0.03;
const NULL_SHARE = 0.2;

const utcText = (ms: number): string => new Date(ms).toISOString();

/** Forms of a date that all mean the same moment. */
const DATE_FORMS: readonly ((ms: number) => string)[] = [
  (ms) => utcText(ms).replace('T', ' ').slice(0, -1),
  utcText,
  (ms) => utcText(ms).slice(0, -1),
  (ms) => `${utcText(ms + 7_200_000).slice(0, -1)}+02:00`,
];
const usualDate = DATE_FORMS[0] as (ms: number) => string;

type Names = readonly [short: string, long: string];

function named(names: Names, value: unknown, spelling: Spelling, random: Random): string {
  const [short, long] = names;
  if (spelling !== 'mixed') {
    return value === null
      ? ''
      : `,"${spelling === 'short' ? short : long}":${JSON.stringify(value)}`;
  }
  const chance = random();
  const name = random() < 0.5 ? short : long;
  if (value === null) return chance < NULL_SHARE ? `,"${name}":null` : '';
  const text = JSON.stringify(value);
  return chance < BOTH_SHARE ? `,"${short}":${text},"${long}":${text}` : `,"${name}":${text}`;
}

function moment(ms: number, spelling: Spelling, random: Random): string {
  if (spelling === 'short') return `"timestamp":${ms / 1000}`;
  if (spelling === 'long') return `"date":"${usualDate(ms)}"`;
  const date = `"date":"${(DATE_FORMS[Math.floor(random() * DATE_FORMS.length)] ?? usualDate)(ms)}"`;
  const chance = random();
  if (chance < BOTH_SHARE) return `${date},"timestamp":${ms / 1000}`;
  return chance < 0.5 ? date : `"timestamp":${ms / 1000}`;
}

/** One line of JSON without its end. */
export function lineOf(event: MadeEvent, spelling: Spelling, random: Random): string {
  const write = (names: Names, value: unknown) => named(names, value, spelling, random);
  const { heartRate, sequence, battery } = event;
  return [
    `{${moment(event.timestampMs, spelling, random)}`,
    write(['device_id', 'Device ID'], event.device.deviceId),
    write(['hr', 'Heart Rate'], heartRate === null ? null : heartRate / 1000),
    write(['steps', 'Step Count'], event.steps),
    write(['state', 'Sleeping State'], event.state),
    sequence === null ? '' : `,"sequence":${sequence}`,
    battery === null ? '' : `,"battery":${battery}`,
    '}',
  ].join('');
}
