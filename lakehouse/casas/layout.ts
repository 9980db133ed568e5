/** The members of a CASAS archive: one CSV file for each participant, or for each watch of one. */
import { WatchlakeError } from '../../core/errors';
import { composed } from '../../core/letters';
import { sliceMember } from '../bulk/slice-member';
import type { DatasetFormat, OpenRequest } from '../dataset-format';
import { subjectKeyOf } from '../landing/ingest-plan';
import type { Channel, RecordingEntry, RecordingsLayout } from '../landing/recordings-layout';
import type { Source, SourceMember } from '../sources/source';
import { isActivityFile, readActivityRules } from './activity-files';
import { channelOf } from './fields';
import { HEADER_LINES, motionOf, readHeader } from './header';

/** People who took turns with two watches have a file for each: `c03.p053.w1.csv`. */
const WATCH = /\.w\d+$/;

/** Some programs write names in capitals: such a participant must not be missing in silence. */
export const EXTENSIONS: readonly string[] = ['.csv', '.CSV'];

export const baseName = (name: string): string => name.slice(name.lastIndexOf('/') + 1);

/** Not what an archiver has added, nor what tells of the labels. */
export const isParticipant = ({ name }: Pick<SourceMember, 'name'>): boolean =>
  EXTENSIONS.some((ending) => name.endsWith(ending)) &&
  !name.startsWith('__MACOSX/') &&
  !baseName(name).startsWith('.') &&
  !isActivityFile(name);

function participantOf(file: string): { subject: string; watch: string } {
  const participant = baseName(file).slice(0, -'.csv'.length);
  const watch = WATCH.exec(participant)?.[0] ?? '';
  const subject = composed(participant.slice(0, participant.length - watch.length));
  return { subject, watch };
}

/** Whom a file is called after. */
export const subjectOf = (file: string): string => participantOf(file).subject;

/** The file's name names the person and must not go on: device and recording are told by the key. */
function entryOf(
  member: SourceMember,
  { dataset, secret }: Pick<OpenRequest, 'dataset' | 'secret'>,
): RecordingEntry {
  const { subject, watch } = participantOf(member.name);
  const device = `${subjectKeyOf(secret, dataset, subject)}${watch}`;
  const listed = { file: member.name, line: 1 };
  return {
    ...{ recording: device, device, subject, attributes: '{}' },
    ...{ member, file: member.name, listed },
  };
}

export const recordingOf: DatasetFormat['recordingOf'] = (name, of) =>
  isParticipant({ name }) ? entryOf({ name, bytes: 0, crc32: 0 }, of).recording : null;

/** METADATA_INVALID when two files are of one recording. */
export function refuseTwice(entries: readonly RecordingEntry[]): void {
  const seen = new Map<string, RecordingEntry>();
  for (const entry of entries) {
    const other = seen.get(entry.recording);
    if (other !== undefined) {
      const detail = `${other.file} is of the same participant`;
      throw new WatchlakeError('METADATA_INVALID', { ...entry.listed, detail });
    }
    seen.set(entry.recording, entry);
  }
}

async function channelsOf(source: Source, { member, file }: RecordingEntry): Promise<Channel[]> {
  const stream = await source.open(member.name);
  try {
    const cutting = { file, headerLines: HEADER_LINES, sliceBytes: Infinity, folder: '' };
    const { header } = await sliceMember(stream, cutting);
    return motionOf(readHeader(file, header, [])).map(channelOf);
  } finally {
    stream.destroy();
  }
}

/** ARCHIVE_EMPTY, COLUMN_MISSING, CSV_MALFORMED or METADATA_INVALID when it is no such archive. */
export async function readLayout(
  request: Pick<OpenRequest, 'source' | 'dataset' | 'secret'>,
): Promise<RecordingsLayout> {
  const { source } = request;
  const entries = source.members.filter(isParticipant).map((member) => entryOf(member, request));
  const [first] = entries;
  if (first === undefined) throw new WatchlakeError('ARCHIVE_EMPTY', { source: source.name });
  refuseTwice(entries);
  // Whatever the first one has, the others need as well; landing looks at each.
  const activities = await readActivityRules(source);
  const layout = { channels: await channelsOf(source, first), recordings: entries };
  return activities === undefined ? layout : { ...layout, activities };
}
