/** Errors of: archives, formats, the lake, its tables and the catalogue. */
import { catalogue, countOf, entry } from './entry';

export const DATA_ERRORS = catalogue({
  // Archives and formats
  SOURCE_NOT_FOUND: entry(
    (c) => `${c.source} does not exist.`,
    'Check the path; a relative path starts at the folder where the command runs.',
  ),
  SOURCE_REFUSED: entry(
    (c) => `The server of ${c.source} refuses it: it answered ${c.status}.`,
    'Ask its owner for the right to read it. Where it wants a password or a signature, fetch the file yourself and give its path, or give an s3:// address, which is read with the credentials of the worker.',
  ),
  ARCHIVE_EMPTY: entry(
    (c) => `${c.source} holds no recordings${c.found ? `: ${c.found}` : ''}.`,
    'Give a folder or a zip archive with recordings.csv, channels.csv and recordings/<recording>.csv; docs/formats.md shows the layout. Of another format, say which: `--format casas`, `--format arwise` or `--format stedi`.',
  ),
  SOURCE_WITHOUT_FILES: entry(
    (c) => `${c.source} holds no file of JSON lines of the format stedi.`,
    'Give the folder that holds customer/, accelerometer/ and step_trainer/; docs/stedi.md shows the layout.',
  ),
  JSON_LINES_UNREADABLE: entry(
    (c) => `${c.file} cannot be read line by line: ${c.detail}`,
    'A line may have at most 16 MB; a compressed file ends in .gz.',
  ),
  STATISTICS_TOO_FEW: entry(
    (c) =>
      `${c.dataset} has no activity that ${c.people} people showed for ${c.seconds} s without a gap.`,
    'Bring longer recordings of more people, or let fewer do with `--least-people`.',
  ),
  SOURCE_LINK: entry(
    (c) => `${c.source} holds the symbolic link ${c.link}; links are not followed.`,
    'Put what it points to there, as a copy or a hard link, or remove it.',
  ),
  ARCHIVE_CORRUPT: entry(
    (c) => `${c.source} cannot be read: ${c.detail}`,
    'Make the archive again, as a zip; `unzip -t` tests it, and `gzip -t` a compressed file.',
  ),
  ARCHIVE_MEMBER_UNSAFE: entry(
    (c) => `${c.source} has the member ${c.member}, whose name leaves the archive's folder.`,
    'Make the archive again with relative names and without `..`.',
  ),
  ARCHIVE_MEMBER_DUPLICATE: entry(
    (c) => `${c.source} has the member ${c.member} twice.`,
    'Keep one of the two; a file and the same name with `.gz` are one member, and so are an object of S3 and the folder of its name.',
  ),
  ARCHIVE_TOO_LARGE: entry(
    (c) => `${c.source}: ${c.member} is above the limit of ${c.limit}.`,
    'If the archive is to be trusted, raise the limit: ARCHIVE_LIMIT_BYTES for a member, ARCHIVE_TOTAL_LIMIT_BYTES for all together, DOWNLOAD_LIMIT_BYTES for what is fetched.',
  ),
  ARCHIVE_BOMB: entry(
    (c) =>
      `${c.source}: ${c.member} would inflate to ${c.bytes} bytes, ${c.times} times its size in the archive.`,
    'No recording deflates so well: do not use it. If it is to be trusted, unpack it and ingest the folder.',
  ),
  COLUMN_MISSING: entry(
    (c) =>
      `${c.file}, line 1: the column ${c.column} is missing${c.also ? `, and so are ${c.also}` : ''} (found: ${c.found}).`,
    'Add the column, or say which format it is with `--format`; docs/formats.md lists the columns of each.',
  ),
  METADATA_INVALID: entry(
    (c) => `${c.file}, line ${c.line}: ${c.detail}`,
    'Correct the line; docs/formats.md describes the file.',
  ),
  CSV_MALFORMED: entry(
    (c) => `${c.file}, line ${c.line}: ${c.detail}`,
    'Correct the line: each row needs as many fields as the header, commas between them, quotes closed.',
  ),
  FILE_IN_UTF16: entry(
    (c) => `${c.file} is written in UTF-16; files have to be UTF-8.`,
    'Save it as UTF-8 (spreadsheets call it «CSV UTF-8»), or convert it: `iconv -f UTF-16 -t UTF-8 old.csv > new.csv`.',
  ),
  CHANNELS_DIFFER: entry(
    (c) => `${c.source} has the channels ${c.found}, the dataset ${c.dataset} has ${c.expected}.`,
    'Ingest it under another dataset name, or give it the same channels. Where those of the dataset were wrong, `watchlake datasets remove <dataset>` shows what there is of it, and with `--yes` makes room for the mended archive.',
  ),
  SOURCE_CHANGED: entry(
    (c) => `${c.source} has changed since it was opened.`,
    'Start the ingest again when nothing writes to it any more.',
  ),
  RECORDING_DIFFERS: entry(
    (c) =>
      `${c.file}, line ${c.line}: the dataset ${c.dataset} already has a recording ${c.recording} with other content.`,
    'Give the new recording another id, or ingest the archive under another dataset name. Where what has landed was wrong, `watchlake datasets remove <dataset>` shows what there is of it, and with `--yes` makes room for the mended archive.',
  ),
  INGEST_OVERLAPS: entry(
    (c) => `Another ingest landed the recording ${c.recording} of ${c.dataset} in the meantime.`,
    'Run the ingest again: it lands what is still missing.',
  ),
  SUBJECT_KEY_CHANGED: entry(
    (c) =>
      `The dataset ${c.dataset} was landed with another key of the pseudonyms: its people would get new ones.`,
    'Restore the key (secrets/pseudonym-key in the home, or WATCHLAKE_PSEUDONYM_KEY), or use another dataset name.',
  ),
  PROFILES_INVALID: entry(
    (c) => `The profiles have ${countOf(c.problems, 'problem')}:\n  ${c.detail}`,
    'Correct the rows, which are counted from 0; docs/devices.md describes the fields. Nothing was taken over.',
  ),
  // Lake, tables and catalogue
  STORE_FULL: entry(
    (c) => `No space is left while writing ${c.key}.`,
    'Free some space (`watchlake vacuum` removes old snapshots) and run the command again: it resumes.',
    { retryable: false },
  ),
  MEMORY_SHORT: entry(
    () => 'DuckDB needs more memory than it may use.',
    'Raise DUCKDB_MEMORY_LIMIT in `.env`. Workers read it when they start: `watchlake down`, then `watchlake up`.',
    { status: 503, retryable: true },
  ),
  OBJECT_NOT_FOUND: entry(
    (c) => `The lake has no object ${c.key}.`,
    'It may have been removed by hand; run the refresh again.',
  ),
  OBJECT_EXISTS: entry(
    (c) => `The lake already has the object ${c.key}.`,
    'Another run has written it meanwhile: run the command again.',
    { retryable: false },
  ),
  DATASET_NOT_FOUND: entry(
    (c) => `There is no dataset ${c.dataset}${c.known ? `; there are: ${c.known}` : ''}.`,
    'Name one that there is, or land it first: `watchlake ingest <archive> --dataset <name>`; `watchlake devices land` lands what devices have sent.',
  ),
  DATASET_IN_USE: entry(
    (c) => `The dataset ${c.dataset} cannot be removed now: ${c.what}.`,
    'Clear it out of the way, or wait until it has ended; then run the command again, which goes on where it was. Without --yes it shows all that is in the way.',
  ),
  DATASET_BEING_REMOVED: entry(
    (c) => `The dataset ${c.dataset} is being removed.`,
    'Let `watchlake datasets remove <dataset> --yes` finish first, and run it again if it was interrupted; or use another name.',
  ),
  TABLE_NOT_FOUND: entry(
    (c) =>
      `There is no published table ${c.table} in the dataset ${c.dataset}${c.known ? `, which has: ${c.known}` : ''}.`,
    'Build it first with `watchlake refresh <dataset>`, or name one that there is.',
  ),
  TABLE_OF_WHICH_DATASET: entry(
    (c) => `No dataset was named; those with a table ${c.table} are: ${c.datasets}.`,
    'Say which is meant with `--dataset <name>`, or write `"<dataset>".<table>` in the query.',
    { status: 400 },
  ),
  STEDI_NOT_LANDED: entry(
    (c) => `There is nothing to build the tables of ${c.dataset} from: ${c.table} has not landed.`,
    'Land the source: `watchlake stedi run --source <folder, zip or address>`; `watchlake stedi generate --out <folder>` makes data to try.',
  ),
  CHECK_FAILED: entry(
    (c) => `The table ${c.table} failed its checks: ${c.broken}. Nothing was published.`,
    'Correct the rows in the source, ingest it and refresh again; docs/formats.md explains the checks. Recordings that have landed wrong do not change: remove their dataset first, `watchlake datasets remove <dataset>`. What was published before stays.',
  ),
  CATALOG_CONFLICT: entry(
    (c) => `The catalogue entry of ${c.table} was moved by another run.`,
    'Run it again.',
    { retryable: true },
  ),
  RELEASE_OUTDATED: entry(
    (c) =>
      `The tables of ${c.dataset} were published by another run after this refresh had been planned.`,
    'Refresh again: a workflow does so by itself, unless others publish again and again meanwhile.',
  ),
  AGGREGATES_OUTDATED: entry(
    (c) => `The aggregates were made from what is not the newest any more: there are ${c.what}.`,
    'Nothing has to be done: they are made again from those.',
    { retryable: true },
  ),
  AGGREGATES_OF_ANOTHER_LAKE: entry(
    (c) =>
      `The aggregates were made from another lake, or from a later state of this one: the present one lacks ${c.missing} of their ${c.dates} dates.`,
    'Set LAKE_URI and CATALOG to the lake that they were made from. Or have all of them made again from the present one, without the dates that it lacks: `watchlake devices aggregate --grain day --accept-lake`.',
  ),
  DEVICES_MOVE: entry(
    (c) =>
      `${countOf(c.count, 'device belongs', 'devices belong')} to somebody else: ${c.devices}.`,
    'Correct the file; or give --move-devices: all that such a device has ever told then counts for the new person.',
  ),
  QUERY_INVALID: entry(
    (c) => `The query cannot be run: ${c.detail}`,
    'Only reading statements are allowed. With --dataset, `SHOW TABLES` lists the published tables; docs/devices.md names those in PostgreSQL. `watchlake query --help` has examples.',
    { status: 400 },
  ),
  // Consent
  CONSENT_CASE_NOT_FOUND: entry(
    (c) => `There is no open case ${c.subject} for the dataset ${c.dataset}.`,
    'An erasure is started by `watchlake consent withdraw`, which opens the case; a finished one has closed it.',
  ),
  ERASURE_UNFINISHED: entry(
    () => 'The person is being erased: what is under way would not know of the new consent.',
    'Consent again when `watchlake consent withdraw` has ended; one that failed is taken up again by the same command.',
  ),
  ERASURE_WAITS: entry(
    (c) => `Something is still being written that may hold the person: ${c.what}.`,
    'The erasure tries again by itself until it has ended.',
    { retryable: true },
  ),
  ERASURE_INCOMPLETE: entry(
    (c) => `The person is still found in ${countOf(c.count, 'place')}: ${c.places}.`,
    'Run `watchlake consent withdraw` again; if a place stays, remove what lies there by hand and run it once more.',
  ),
  PROOF_NOT_FOUND: entry(
    (c) => `There is no proof of an erasure of this person from the dataset ${c.dataset}.`,
    'Check the spelling; `watchlake consent list` shows which withdrawals there are.',
  ),
});
