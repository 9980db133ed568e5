/** `watchlake consent`: erases a person who withdrew, and keeps the ledger of who agreed to what. */
import type { Command } from 'commander';
import type { ErasureProof } from '../../activities/erasure-proof';
import type { ConsentEntry } from '../../consent/ledger';
import { WatchlakeError } from '../../core/errors';
import { workflowIds } from '../../core/workflow-ids';
import type { ConsentSurvey } from '../../workers/consent';
import type { EraseResult } from '../../workflows/erase-subject';
import { declare, declareGroup, waiting, type WaitingOptions } from '../command';
import { commandLine } from '../follow-run';
import { runWorkflow, withContext } from '../run-workflow';
import type { Actions, Outcome, Shell } from '../shell';
import { showFacts, showHeading, showTable } from '../tables';
import { bytes, count, counted, moment, type Voice } from '../voice';

interface DatasetFlags {
  dataset: string;
}

interface WithdrawFlags extends DatasetFlags, WaitingOptions {
  dryRun: boolean;
  yes: boolean;
}

const total = (rows: Readonly<Record<string, number>>): number =>
  Object.values(rows).reduce((sum, each) => sum + each, 0);

function showSurvey(voice: Voice, { rows, devices, shared }: ConsentSurvey): void {
  if (total(rows) === 0) {
    voice.line('Nothing of this person has landed. A withdrawal still keeps out what comes later.');
    return;
  }
  showHeading(voice, 'What would be erased');
  const columns = [{ title: 'table' }, { title: 'rows', figures: true }];
  showTable(
    voice,
    columns,
    Object.entries(rows).map(([table, n]) => [table, count(n)]),
  );
  voice.line();
  showFacts(voice, { 'their devices': count(devices), 'names that others share': count(shared) });
  voice.line();
  voice.line(
    voice.colors.dim('  and with them: built tables, older snapshots, labels and messages'),
  );
}

const scannedFacts = (scanned: Readonly<Record<string, number>>) => ({
  objects: `${count(scanned.objects ?? 0)} (${bytes(scanned.bytes ?? 0)})`,
  'rows of the database': count(scanned.databaseRows ?? 0),
  messages: count(scanned.messages ?? 0),
});

/** Of datasets of devices alone. */
const deviceFacts = ({ profiles, aggregates, deviceTokens }: EraseResult['records']) => ({
  profiles: profiles === undefined ? null : count(profiles),
  aggregates: aggregates === undefined ? null : count(aggregates),
  'tokens of devices': deviceTokens === undefined ? null : count(deviceTokens),
});

function champions(shell: Shell, { dataset, models }: EraseResult): string {
  const again = models
    .filter(({ isChampion }) => isChampion)
    .map(({ model }) => commandLine(shell, `retrain --dataset ${dataset} --model ${model}`));
  const promote = commandLine(shell, 'models promote');
  return `the champion stays; \`${again.join('`, `')}\` tries once more, \`${promote}\` replaces it`;
}

/** Nothing predicts with those any more, but what they have learned still lies in the lake. */
const formerOnes = (shell: Shell, { models }: EraseResult): string | null =>
  models
    .filter(({ isChampion }) => !isChampion)
    .map(({ model, version }) => `\`${commandLine(shell, `models remove ${model} ${version}`)}\``)
    .join(', ') || null;

/** A name that was misspelt is found nowhere as well, and proved so. */
const notesOf = ({ rows }: ConsentSurvey, { removedRows }: EraseResult): string[] =>
  total(rows) + total(removedRows) > 0
    ? []
    : [
        'Nothing of this person had landed: check the spelling, unless they were erased before or are yet to come.',
      ];

function showErased(
  voice: Voice,
  shell: Shell,
  { result, notes }: { result: EraseResult; notes: readonly string[] },
): void {
  showHeading(voice, `Erased from ${result.dataset}`);
  showFacts(voice, {
    rows: count(total(result.removedRows)),
    'objects for good': count(result.removedObjects.objects),
    'labels and tasks': count(result.records.labels + result.records.tasks),
    ...deviceFacts(result.records),
    messages: count(result.topics.reduce((sum, each) => sum + each.removed, 0)),
    'messages that wait for their reader': result.waiting > 0 ? count(result.waiting) : null,
    'models that learned from them':
      result.models.map(({ model, version }) => `${model} ${version}`).join(', ') || null,
    'their artefacts go by': formerOnes(shell, result),
    'retrainings started': result.retrainings.join(', ') || null,
    'until they promote': result.retrainings.length > 0 ? champions(shell, result) : null,
  });
  showHeading(voice, 'Proved: found nowhere in');
  showFacts(voice, { ...scannedFacts(result.scanned), proof: result.proof });
  for (const note of notes) {
    voice.line();
    voice.line(`  ${voice.colors.yellow(note)}`);
  }
}

/** The person is named on the command line alone: what is started knows the hash. */
async function withdraw(
  shell: Shell,
  identifier: string,
  { dataset, dryRun, yes, cancelOnExit }: WithdrawFlags,
): Promise<Outcome> {
  return withContext(shell, async ({ consent, ...context }) => {
    const survey = await consent.survey(dataset, identifier);
    if (dryRun) {
      const { subject } = await consent.caseOf(dataset, identifier);
      const result = { dryRun, dataset, subject, ...survey };
      return { result, show: (voice) => showSurvey(voice, survey) };
    }
    if (!yes) {
      showSurvey(shell.notes, survey);
      const what = `This erases ${counted(total(survey.rows), 'row')} of a person from ${dataset} for good, with everything made from them.`;
      throw new WatchlakeError('CONFIRMATION_NEEDED', { what });
    }
    const input = await consent.openCase(dataset, identifier);
    const { run, result } = await runWorkflow<EraseResult, 'eraseSubject'>(
      shell,
      { consent, ...context },
      {
        workflow: 'eraseSubject',
        workflowId: workflowIds.eraseSubject(input.subject),
        input,
        summary: `Erase a person from ${dataset}`,
      },
      { cancelOnExit },
    );
    const notes = notesOf(survey, result);
    return {
      result: { ...run, ...result, notes },
      show: (voice) => showErased(voice, shell, { result, notes }),
    };
  });
}

function showEntries(voice: Voice, entries: readonly ConsentEntry[], dataset?: string): void {
  if (entries.length === 0)
    return voice.line(`The ledger has no entries${dataset === undefined ? '' : ` of ${dataset}`}.`);
  showHeading(voice, 'Ledger of consents');
  const titles = ['dataset', 'person', 'purpose', 'granted', 'withdrawn', 'known'];
  const rows = entries.map((each) => [
    each.dataset,
    each.subject,
    each.purpose,
    ...[each.grantedAt, each.withdrawnAt].map((at) => (at === null ? '' : moment(at))),
    moment(each.knownAt),
  ]);
  showTable(
    voice,
    titles.map((title) => ({ title })),
    rows,
  );
}

/** What nobody can remove is named. */
const athenaFacts = ({ athena }: ErasureProof) => ({
  'queries that Athena keeps':
    athena == null
      ? null
      : `${count(athena.queries)} in ${athena.workgroup}; ${count(athena.naming)} name the person${
          athena.forgottenBy === null ? '' : `, forgotten by ${athena.forgottenBy.slice(0, 10)}`
        }`,
  'results outside the lake': athena?.resultsElsewhere.join(', ') || null,
});

function showProof(voice: Voice, key: string, proof: ErasureProof): void {
  showHeading(voice, `Proof of erasure from ${proof.dataset}`);
  showFacts(voice, {
    person: proof.subject,
    proved: moment(proof.provedAt),
    run: proof.run,
    'identifiers looked for': count(proof.lookedFor.identifiers),
    'not looked for, since others share them': count(proof.lookedFor.shared),
    ...scannedFacts({ ...proof.scanned }),
    found: count(proof.found),
    ...athenaFacts(proof),
    object: key,
  });
}

const withDataset = (command: Command): Command =>
  command.option('--dataset <name>', 'dataset that holds the person', 'stedi');

const WHO = '<person>';
const ABOUT_WHO =
  'A person is named as the source names them: the e-mail in a dataset of the format stedi, the subject in one of recordings, the user_id of the profile in devices.';

export function addConsent(program: Command, act: Actions): void {
  const group = declareGroup(program, {
    usage: 'consent',
    about: 'Erases people who withdraw, and keeps the ledger of consents.',
    examples: ['consent list', 'consent withdraw ada@example.org --dry-run'],
  });
  const withdrawing = declare(group, {
    usage: `withdraw ${WHO}`,
    about: 'Erases a person from tables, snapshots, labels and topics, and proves it.',
    examples: [
      'consent withdraw ada@example.org --dry-run',
      'consent withdraw ada@example.org --yes',
      'consent withdraw u-17 --dataset devices --yes',
    ],
    more: `${ABOUT_WHO} What was left out is not landed again. docs/consent.md says what cannot be reached, such as backups.`,
  });
  waiting(withDataset(withdrawing))
    .option('--dry-run', 'only show what would go', false)
    .option('--yes', 'really erase it', false)
    .action(act((shell, person: string, flags: WithdrawFlags) => withdraw(shell, person, flags)));
  withDataset(
    declare(group, {
      usage: `grant ${WHO}`,
      about: 'Notes that a person consents; their rows may land again from then on.',
      examples: ['consent grant ada@example.org'],
      more: ABOUT_WHO,
    }),
  ).action(
    act((shell, person: string, { dataset }: DatasetFlags) =>
      withContext(shell, async ({ consent }) => {
        const granted = await consent.grant(dataset, person);
        return {
          result: granted,
          show: (voice) => showHeading(voice, `Consent noted for ${granted.subject}`),
        };
      }),
    ),
  );
  declare(group, {
    usage: 'list',
    about: 'Lists the newest 1,000 entries of the ledger; people by their keyed hashes.',
    examples: ['consent list', 'consent list --dataset stedi'],
  })
    .option('--dataset <name>', 'only this dataset; all when absent')
    .action(
      act((shell, { dataset }: Partial<DatasetFlags>) =>
        withContext(shell, async ({ consent }) => {
          const entries = await consent.entries(dataset);
          return { result: { entries }, show: (voice) => showEntries(voice, entries, dataset) };
        }),
      ),
    );
  withDataset(
    declare(group, {
      usage: `proof ${WHO}`,
      about: 'Shows the newest proof that a person was erased.',
      examples: ['consent proof ada@example.org --json'],
      more: ABOUT_WHO,
    }),
  ).action(
    act((shell, person: string, { dataset }: DatasetFlags) =>
      withContext(shell, async ({ consent }) => {
        const { key, proof } = await consent.proof(dataset, person);
        return { result: { key, proof }, show: (voice) => showProof(voice, key, proof) };
      }),
    ),
  );
}
