/** `watchlake ingest`: lands an archive of recordings in the lake. */
import { Option, type Command } from 'commander';
import { resolve } from 'node:path';
import { parseInput } from '../../activities/input-activities';
import { workflowIds } from '../../core/workflow-ids';
import { FORMAT_NAMES, type FormatName, type UnreadColumn } from '../../lakehouse/dataset-format';
import type { IngestResult } from '../../workflows/ingest';
import { declare, waiting, type WaitingOptions } from '../command';
import { commandLine } from '../follow-run';
import { showNext } from '../next-step';
import { withProgress } from '../progress-line';
import { factsLine } from '../run-facts';
import { runWorkflow, withContext } from '../run-workflow';
import { samplesIn, showLikelyUnit } from '../sampling';
import type { Actions } from '../shell';
import { showFacts, showHeading } from '../tables';
import { isAddress } from '../unreadable-file';
import { count, counted, tally } from '../voice';

interface IngestOptions extends WaitingOptions {
  dataset: string;
  format: FormatName;
}

/** The worker runs in another folder: only absolute paths mean the same there. */
export const absoluteSource = (source: string): string =>
  isAddress(source) ? source : resolve(source);

/** Of a dataset that had some before, what is new. */
const newAndAll = (all: number, added: number | undefined): string =>
  added === undefined ? count(all) : `${count(added)} new, ${count(all)} in all`;

/** A file with a header alone is a recording, of which nothing will be seen again. */
const recordingsIn = ({ members, added, membersWithoutRows = 0 }: IngestResult): string => {
  const all = newAndAll(members, added?.members);
  return membersWithoutRows === 0 ? all : `${all}, ${count(membersWithoutRows)} without a row`;
};

/** Without labels nothing can be trained: a column of another name is left alone, and nothing else would tell. */
const labelsIn = ({ labels }: IngestResult): string | null => {
  if (labels === undefined) return null;
  return labels === 0 ? 'none: no row says in its label column what the person did' : count(labels);
};

/** Such as recordings of who has withdrawn: the archive holds them, and the lake does not. */
const leftOut = ({ dropped = {} }: IngestResult): string | null =>
  Object.keys(dropped).length === 0 ? null : tally(dropped);

const FILES: Readonly<Record<UnreadColumn['file'], string>> = {
  'recordings.csv': 'of recordings.csv, kept in attributes',
  'channels.csv': 'of channels.csv',
  samples: 'of samples',
};

/** Extra columns are allowed, and a mistyped one looks the same. */
function extraColumns({ unreadColumns = [], moreUnreadColumns = 0 }: IngestResult): string | null {
  if (unreadColumns.length === 0) return null;
  const kinds = Object.entries(FILES).flatMap(([kind, told]) => {
    const names = unreadColumns
      .filter(({ file }) => file === kind)
      .map(({ column, files }) =>
        kind === 'samples' ? `${column} (${counted(files, 'file')})` : column,
      );
    return names.length === 0 ? [] : [`${names.join(', ')} ${told}`];
  });
  const more = moreUnreadColumns > 0 ? [`${count(moreUnreadColumns)} more`] : [];
  return [...kinds, ...more].join('; ');
}

export function addIngest(program: Command, act: Actions): void {
  const command = declare(program, {
    usage: 'ingest <archive>',
    about: 'Lands an archive of recordings in the lake, as it was received.',
    examples: [
      'ingest recordings.zip --dataset trial',
      'ingest data/sample/watch-exercises.zip --dataset watch-exercises',
      'ingest s3://my-bucket/recordings/ --dataset trial',
      'ingest https://casas.wsu.edu/datasets/smartwatch/group1.zip --format casas --dataset wsu',
    ],
    more: 'docs/formats.md describes the archive. The same archive is landed once.',
  })
    .requiredOption('--dataset <name>', 'dataset that the recordings belong to')
    .addOption(
      new Option('--format <format>', 'format of the archive')
        .choices(FORMAT_NAMES)
        .default('recordings'),
    );
  waiting(command).action(
    act((shell, archive: string, { dataset, format, cancelOnExit }: IngestOptions) =>
      withContext(shell, async (context) => {
        // A stack that does not run, or a wrong option, is told before an archive is fetched and read.
        const source = absoluteSource(archive);
        const input = { source, dataset, format };
        parseInput('ingest', input);
        const sourceHash = await withProgress(shell.notes, (line) =>
          shell.services.sourceHash(source, format, shell.config, {
            onNote: (note) => line.note(note),
            onProgress: ({ bytes: done, total }) =>
              line.update(
                'fetching the archive',
                factsLine({ downloaded: done, of: total ?? null }),
              ),
            onHashed: ({ bytes: done, total }) =>
              line.update('reading the archive', factsLine({ hashed: done, of: total })),
          }),
        );
        const { run, result } = await runWorkflow<IngestResult, 'ingest'>(
          shell,
          context,
          {
            workflow: 'ingest',
            workflowId: workflowIds.ingest(dataset, sourceHash),
            input,
            summary: `Land ${dataset}`,
          },
          { cancelOnExit },
        );
        // What has landed has landed, whether its download can be removed or not.
        await shell.services.forgetSource(source, shell.config).catch(() => undefined);
        return {
          result: { ...run, ...result },
          show: (voice) => {
            showHeading(voice, result.alreadyLanded ? 'Landed before' : 'Landed');
            showFacts(voice, {
              dataset,
              table: result.table,
              recordings: recordingsIn(result),
              rows: newAndAll(result.rows, result.added?.rows),
              samples: result.sampling ? samplesIn(result.sampling) : null,
              labels: labelsIn(result),
              'extra columns': extraColumns(result),
              quarantined: tally(result.quarantined),
              'left out': leftOut(result),
              snapshot: result.snapshotId,
            });
            const removal = commandLine(shell, `datasets remove ${dataset}`);
            if (result.sampling) showLikelyUnit(voice, result.sampling, removal);
            showNext(voice, shell, `refresh ${dataset}`);
          },
        };
      }),
    ),
  );
}
