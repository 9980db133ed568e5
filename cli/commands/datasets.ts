/** `watchlake datasets`: what the lake holds, and removing one of them. */
import type { Command } from 'commander';
import type { DatasetSummary } from '../../lakehouse/dataset-summaries';
import type { DatasetRemoval } from '../../workers/remove-dataset';
import { declare, declareGroup } from '../command';
import { commandLine } from '../follow-run';
import { showWayOn } from '../in-the-way';
import { withProgress } from '../progress-line';
import { withContext } from '../run-workflow';
import type { Actions, Outcome, Shell } from '../shell';
import { showFacts, showHeading, showTable } from '../tables';
import { bytes, count, counted, moment, type Voice } from '../voice';

interface RemoveFlags {
  yes: boolean;
  keepModels: boolean;
}

const stateOf = ({ isBeingRemoved, tables, publishedAt }: DatasetSummary): string => {
  if (isBeingRemoved) return 'its removal was interrupted';
  return tables === 0 || publishedAt === null ? 'nothing published yet' : moment(publishedAt);
};

async function listDatasets(shell: Shell): Promise<Outcome> {
  const lake = await shell.services.openLake(shell.config);
  const datasets = await lake.datasets();
  return {
    result: { datasets },
    show: (voice) => {
      if (datasets.length === 0) {
        const command = commandLine(shell, 'ingest <archive> --dataset <name>');
        return voice.line(`There are no datasets; \`${command}\` lands one.`);
      }
      showHeading(voice, 'Datasets');
      const columns = [
        { title: 'dataset' },
        { title: 'tables', figures: true },
        { title: 'landed rows', figures: true },
        { title: 'published last' },
      ];
      const rows = datasets.map((each) => [
        ...[each.dataset, count(each.tables), count(each.landedRows), stateOf(each)],
      ]);
      showTable(voice, columns, rows);
    },
  };
}

const staying = ({ models }: DatasetRemoval, { keepModels }: RemoveFlags): string | null =>
  keepModels
    ? models
        .map(({ model, versions }) => `${model} (${counted(versions, 'version')})`)
        .join(', ') || null
    : null;

function showRemoval(voice: Voice, shell: Shell, found: DatasetRemoval, flags: RemoveFlags) {
  const { yes } = flags;
  const { dataset, tables, objects, campaigns, tasks, labels, splits, aggregates } = found;
  showHeading(voice, yes ? `Removed the dataset ${dataset}` : `Would be removed of ${dataset}`);
  showFacts(voice, {
    'published tables': tables.join(', ') || null,
    files: `${count(objects)}, ${bytes(found.bytes)}`,
    'label campaigns': campaigns === 0 ? null : `${count(campaigns)}, ${counted(tasks, 'task')}`,
    'answers of people': labels === 0 ? null : count(labels),
    'rows of aggregates': aggregates === 0 ? null : count(aggregates),
    'frozen splits': splits === 0 ? null : count(splits),
    'models that stay': staying(found, flags),
  });
  if (yes) return;
  const copy = commandLine(shell, 'backup');
  const before = `\`${copy}\` keeps a copy of everything first`;
  showWayOn(voice, shell, { inTheWay: found.inTheWay, before });
}

export function addDatasets(program: Command, act: Actions): void {
  const group = declareGroup(program, {
    usage: 'datasets',
    about: 'Shows which datasets there are, and removes one.',
    examples: ['datasets list', 'datasets remove trial'],
  });
  declare(group, {
    usage: 'list',
    about: 'Lists the datasets of the lake.',
    examples: ['datasets list'],
  }).action(act(listDatasets));
  declare(group, {
    usage: 'remove <dataset>',
    about: 'Shows what there is of a dataset; removes all of it with --yes.',
    examples: ['datasets remove trial', 'datasets remove trial --yes'],
    more: 'Its tables, files, label campaigns and answers go, and the aggregates of devices. What stays: who consented and who withdrew, so that nobody comes back with another archive; profiles and tokens of devices; reports of runs; and messages in Kafka, for as long as the topics keep them, which no later dataset of the same name takes up. While a run or an active schedule works on it, nothing is removed.',
  })
    .option('--keep-models', 'leave models that learned from it: they predict on', false)
    .option('--yes', 'remove it', false)
    .action(
      act(async (shell, dataset: string, flags: RemoveFlags) =>
        withContext(shell, async (context) => {
          const { yes, keepModels } = flags;
          const found = await withProgress(shell.notes, (line) => {
            let files = 0;
            const onObject = () => line.update('removing', counted((files += 1), 'file'));
            return context.removeDataset({ dataset, keepModels, dryRun: !yes, onObject });
          });
          return {
            result: { dryRun: !yes, ...found },
            show: (voice) => showRemoval(voice, shell, found, flags),
          };
        }),
      ),
    );
}
