/** The format `recordings`: which members an archive must have, and what its two small tables say. */
import { WatchlakeError } from '../../core/errors';
import { composed } from '../../core/letters';
import { MAXIMUM_CHANNELS } from '../../models/signal';
import type { ActivityRules } from '../casas/activities';
import type { UnreadColumn } from '../dataset-format';
import type { Source, SourceMember } from '../sources/source';
import { isGzipped } from '../sources/names';
import { readSmallCsv, type CsvObject } from './csv';
import { unreadOf } from './unread-columns';

export interface Channel {
  readonly name: string;
  readonly unit: string;
  readonly minimum: number | null;
  readonly maximum: number | null;
}

export interface RecordingEntry {
  readonly recording: string;
  readonly subject: string;
  readonly device: string;
  /** The other columns of recordings.csv as JSON. */
  readonly attributes: string;
  readonly member: SourceMember;
  /** Name that messages and the column source_file use. */
  readonly file: string;
  /** Where the source tells of it. */
  readonly listed: { readonly file: string; readonly line: number };
}

export interface RecordingsLayout {
  readonly channels: readonly Channel[];
  readonly recordings: readonly RecordingEntry[];
  /** What the archive says of its labels, in formats where it may. */
  readonly activities?: ActivityRules;
  /** Columns of the two small tables that nothing reads, in formats that tell. */
  readonly unread?: readonly UnreadColumn[];
}

const METADATA = 'recordings.csv';
const CHANNELS = 'channels.csv';
const LONGEST_SHOWN = 200;
const MAXIMUM_RECORDINGS = 100_000;
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,62}$/;
const RECORDING_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,126}$/;

/** Columns that the tables have besides the channels. */
const RESERVED = new Set(
  `recording device dataset subject subject_key attributes timestamp_ms label source_file
   source_line`.split(/\s+/),
);

const invalid = (file: string, line: number, detail: string) =>
  new WatchlakeError('METADATA_INVALID', { file, line, detail });

/** Of a file that is nearly the wanted one; others may be named after people, and only the wrong format asked for. */
function nearlyMetadata(source: Source): string | undefined {
  const [first] = source.members
    .map(({ name }) => name)
    .filter(
      (name) => /(?:^|\/)recordings\.csv(?:\.gz)?$/i.test(name) && !name.startsWith('__MACOSX/'),
    )
    .sort((a, b) => a.length - b.length);
  if (first === undefined || first.length > LONGEST_SHOWN) return undefined;
  const base = first.slice(first.lastIndexOf('/') + 1);
  if (isGzipped(base))
    return `there is ${first}; compressed files are read in a folder, not in an archive`;
  return base === METADATA
    ? `there is ${first}; recordings.csv may lie in one folder, not deeper`
    : `there is ${first}; the name has to be ${METADATA}, in small letters`;
}

function severalFolders(found: readonly string[]): WatchlakeError {
  const isShort = found.every((name) => name.length <= LONGEST_SHOWN);
  const which = isShort ? `: ${found.join(' and ')}` : '';
  const detail = `there are several folders with one${which}; land each of them by itself`;
  return invalid(METADATA, 1, detail);
}

/** The folder that holds recordings.csv: people zip the folder as often as its content. */
function baseOf(source: Source): string {
  const candidates = source.members
    .map(({ name }) => name)
    .filter((name) => name === METADATA || /^[^/]+\/recordings\.csv$/.test(name))
    .filter((name) => !name.startsWith('__MACOSX/'));
  const [first, second] = candidates.sort((a, b) => a.length - b.length);
  if (first === undefined) {
    const found = nearlyMetadata(source);
    throw new WatchlakeError('ARCHIVE_EMPTY', { source: source.name, ...(found && { found }) });
  }
  // Beside one at the top those in folders are other files; of two folders one would be left out in silence.
  if (second !== undefined && first !== METADATA) throw severalFolders([first, second]);
  return first.slice(0, -METADATA.length);
}

function limitOf(text: string | undefined, line: number): number | null {
  if (text === undefined || text === '') return null;
  const value = Number(text);
  if (Number.isFinite(value)) return value;
  throw invalid(CHANNELS, line, `${text} is not a number`);
}

const headerOf = ([row]: readonly CsvObject[]): string[] => Object.keys(row?.values ?? {});

async function readChannels(
  source: Source,
  base: string,
): Promise<Required<Pick<RecordingsLayout, 'channels' | 'unread'>>> {
  if (!source.members.some(({ name }) => name === `${base}${CHANNELS}`)) {
    throw invalid(CHANNELS, 1, 'the file is missing');
  }
  const rows = await readSmallCsv(source, `${base}${CHANNELS}`, {
    file: CHANNELS,
    wanted: ['channel', 'unit'],
    maximumRows: MAXIMUM_CHANNELS,
  });
  const seen = new Set<string>();
  const channels = rows.map(({ values, line }) => {
    const { channel: name = '', unit = '' } = values;
    if (!NAME.test(name)) {
      const wanted = 'use a letter, then letters, digits, _';
      throw invalid(
        CHANNELS,
        line,
        `${name || 'an empty name'} is not a name of a channel: ${wanted}`,
      );
    }
    const key = name.toLowerCase();
    if (RESERVED.has(key)) throw invalid(CHANNELS, line, `${name} is a name of the format`);
    if (seen.has(key)) throw invalid(CHANNELS, line, `the channel ${name} is there twice`);
    seen.add(key);
    const minimum = limitOf(values.minimum, line);
    const maximum = limitOf(values.maximum, line);
    if (minimum !== null && maximum !== null && minimum > maximum) {
      throw invalid(CHANNELS, line, `the minimum ${minimum} is above the maximum ${maximum}`);
    }
    return { name, unit, minimum, maximum };
  });
  if (channels.length === 0) throw invalid(CHANNELS, 1, 'it names no channel');
  const known = ['channel', 'unit', 'minimum', 'maximum'];
  return { channels, unread: unreadOf(CHANNELS, headerOf(rows), known) };
}

/** Refuses what is missing, and names a file that would be it under the right name. */
function missing(source: Source, base: string, file: string, line: number): WatchlakeError {
  const wanted = [file, `${file}.gz`].map((name) => name.toLowerCase());
  const alike = source.members
    .filter(({ name }) => name.startsWith(base))
    .map(({ name }) => name.slice(base.length))
    .find((name) => wanted.includes(name.toLowerCase()));
  if (alike === undefined) return invalid(METADATA, line, `${file} is missing`);
  const advice = isGzipped(alike)
    ? 'compressed files are read in a folder, not in an archive'
    : 'rename it';
  return invalid(METADATA, line, `${file} is missing; there is ${alike}: ${advice}`);
}

async function readRecordings(
  source: Source,
  base: string,
): Promise<Required<Pick<RecordingsLayout, 'recordings' | 'unread'>>> {
  const rows = await readSmallCsv(source, `${base}${METADATA}`, {
    file: METADATA,
    wanted: ['recording', 'subject'],
    maximumRows: MAXIMUM_RECORDINGS,
  });
  const members = new Map(source.members.map((member) => [member.name, member]));
  const seen = new Set<string>();
  const recordings = rows.map(({ values, line }) => {
    const { recording = '', subject = '', device = recording, ...others } = values;
    if (!RECORDING_ID.test(recording)) {
      throw invalid(METADATA, line, `${recording || 'an empty id'} is not an id of a recording`);
    }
    if (seen.has(recording)) throw invalid(METADATA, line, `${recording} is there twice`);
    seen.add(recording);
    if (subject === '') throw invalid(METADATA, line, 'the subject is empty');
    if (device === '') throw invalid(METADATA, line, 'the device is empty');
    const file = `recordings/${recording}.csv`;
    const member = members.get(`${base}${file}`);
    if (member === undefined) throw missing(source, base, file, line);
    const attributes = JSON.stringify(others);
    const listed = { file: METADATA, line };
    const known = { recording, subject: composed(subject), device, attributes };
    return { ...known, member, file, listed };
  });
  const known = ['recording', 'subject', 'device'];
  return { recordings, unread: unreadOf(METADATA, headerOf(rows), known) };
}

/** Such as the `._r1.csv` that a Mac puts beside each file: no recording can have that name. */
const isHidden = (name: string): boolean => name.slice(name.lastIndexOf('/') + 1).startsWith('.');

function refuseUnlisted(source: Source, base: string, recordings: readonly RecordingEntry[]): void {
  const listed = new Set(recordings.map(({ member }) => member.name));
  const folder = `${base}recordings/`;
  const unlisted = source.members.find(
    ({ name }) =>
      name.startsWith(folder) && name.endsWith('.csv') && !isHidden(name) && !listed.has(name),
  );
  if (unlisted === undefined) return;
  throw invalid(METADATA, 1, `${unlisted.name.slice(base.length)} is not listed`);
}

/** ARCHIVE_EMPTY, COLUMN_MISSING or METADATA_INVALID by file and line when the layout is wrong. */
export async function readLayout(source: Source): Promise<RecordingsLayout> {
  const base = baseOf(source);
  const { recordings, unread } = await readRecordings(source, base);
  refuseUnlisted(source, base, recordings);
  if (recordings.length === 0) throw new WatchlakeError('ARCHIVE_EMPTY', { source: source.name });
  const { channels, unread: unreadOfChannels } = await readChannels(source, base);
  return { channels, recordings, unread: [...unreadOfChannels, ...unread] };
}
