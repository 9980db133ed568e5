/** What a person is told of how densely recordings were sampled, and of a unit of time that was probably mistaken. */
import type { Sampling, TimestampUnit } from '../lakehouse/dataset-format';
import { count, type Voice } from './voice';

export const IN_A_SECOND = { seconds: 1, microseconds: 1e6, nanoseconds: 1e9 } as const;
const MS_IN_A_SECOND = 1000;

/** Three digits, of large ones all before the point. */
export const figure = (value: number): string =>
  value >= 1000 ? count(Math.round(value)) : String(Number(value.toPrecision(3)));

const perSecond = (hz: number): string =>
  hz < 1 ? `one in ${figure(1 / hz)} s` : `${figure(hz)} a second`;

export function samplesIn({ rateHz, archiveHz }: Sampling): string {
  if (archiveHz === undefined) return perSecond(rateHz);
  return `${perSecond(archiveHz)}; the dataset keeps to the ${perSecond(rateHz)} of its first archive`;
}

/** Of timestamps that give windows, though none that anything can be learned from. */
export function showLikelyUnit(
  voice: Voice,
  { rateHz, archiveHz = rateHz, likelyUnit }: Sampling,
  removal: string,
): void {
  if (likelyUnit === undefined) return;
  const looks = voice.colors.yellow(`timestamp_ms looks like ${likelyUnit}`);
  voice.line();
  voice.line(`  ${looks}: ${bothReadings(archiveHz, likelyUnit)}.`);
  voice.line(
    '  If so, its windows mean nothing: write milliseconds, remove the dataset and ingest',
  );
  voice.line(`  again: ${removal}`);
}

function bothReadings(asMilliseconds: number, unit: TimestampUnit): string {
  const otherwise = (asMilliseconds * IN_A_SECOND[unit]) / MS_IN_A_SECOND;
  return `as milliseconds the samples are ${perSecond(asMilliseconds)}, in ${unit} ${perSecond(otherwise)}`;
}
