/** The members of an ArWISE archive: window files of participants, often split into train and test. */
import { WatchlakeError } from '../../core/errors';
import { columnsOf } from '../bulk/fields';
import { headerCells } from '../bulk/header-cells';
import type { Header } from '../bulk/read-slice';
import { readActivityRules } from '../casas/activity-files';
import { baseName, isParticipant, refuseTwice } from '../casas/layout';
import type { DatasetFormat, OpenRequest } from '../dataset-format';
import { columnPlaces } from '../landing/csv';
import { subjectKeyOf } from '../landing/ingest-plan';
import type { RecordingEntry, RecordingsLayout } from '../landing/recordings-layout';
import type { SourceMember } from '../sources/source';
import { ARWISE_FIELDS, CHANNELS, LABEL } from './fields';
import { deviceOf, splitOfFile } from './shipped-split';

/** Whom a file is called after. */
export const subjectOf = (file: string): string => splitOfFile(baseName(file)).participant;

function entryOf(
  member: SourceMember,
  { dataset, secret }: Pick<OpenRequest, 'dataset' | 'secret'>,
): RecordingEntry {
  const { participant: subject, side } = splitOfFile(baseName(member.name));
  const device = deviceOf(subjectKeyOf(secret, dataset, subject), side);
  const listed = { file: member.name, line: 1 };
  return {
    ...{ recording: device, device, subject, attributes: '{}' },
    ...{ member, file: member.name, listed },
  };
}

export const recordingOf: DatasetFormat['recordingOf'] = (name, of) =>
  isParticipant({ name }) ? entryOf({ name, bytes: 0, crc32: 0 }, of).recording : null;

/** ARCHIVE_EMPTY or METADATA_INVALID when it is no such archive. */
export async function readLayout(
  request: Pick<OpenRequest, 'source' | 'dataset' | 'secret'>,
): Promise<RecordingsLayout> {
  const { source } = request;
  const recordings = source.members.filter(isParticipant).map((member) => entryOf(member, request));
  if (recordings.length === 0) throw new WatchlakeError('ARCHIVE_EMPTY', { source: source.name });
  refuseTwice(recordings);
  const activities = await readActivityRules(source);
  const layout = { channels: CHANNELS, recordings };
  return activities === undefined ? layout : { ...layout, activities };
}

/** COLUMN_MISSING when a required column is not there; the way home may be left out, or parts of it. */
export function readHeader(file: string, [line = '']: readonly string[]): Header {
  const names = headerCells(file, 1, line);
  const required = ARWISE_FIELDS.filter((field) => field.required).flatMap(columnsOf);
  const all = columnPlaces(file, names, [...required, LABEL.name]);
  const known = ARWISE_FIELDS.flatMap(columnsOf).filter((name) => all.has(name));
  return {
    width: names.length,
    places: new Map(known.map((name) => [name, all.get(name) as number])),
  };
}
