/** What is recorded of workflows that meet a run of somebody else under the id of their child. */
import { happyActivities, type Activities } from './fakes';
import { casesOf, failing, type HistoryCase, type Stage } from './history-case';

const INGEST_ID = 'ingest/watch/c0ffee';
const source = { source: 'data/stedi', dataset: 'watch', format: 'stedi' as const };

/** Something that happens once, and can be waited for. */
function moment<T = void>() {
  let happen = (_value: T) => {};
  const came = new Promise<T>((resolve) => (happen = resolve));
  return { came, happen };
}

/** The other ingest begins first, and ends when it has been met. */
function meetingAnother(answer: (theirs: unknown) => Promise<unknown>) {
  let [begun, met, ended] = [moment(), moment(), moment<unknown>()];
  const happy = happyActivities();
  const landBatch: Activities['landBatch'] = async (input) => {
    begun.happen();
    await met.came;
    return happy.landBatch(input);
  };
  return {
    activities: (): Partial<Activities> => {
      [begun, met, ended] = [moment(), moment(), moment()];
      return {
        landBatch,
        identifySource: async () => {
          await begun.came;
          return { sourceHash: 'c0ffee' };
        },
        awaitWorkflow: async () => {
          met.happen();
          return answer(await ended.came);
        },
      };
    },
    drive: async ({ client }: Stage) => {
      const theirs = await client.workflow.start('ingest', {
        workflowId: INGEST_ID,
        taskQueue: 'orchestration',
        args: [source],
      });
      ended.happen(await theirs.result());
    },
  };
}

export const JOINING: readonly HistoryCase[] = casesOf('refreshTables', [
  {
    name: 'ingest-joined',
    input: source,
    ...meetingAnother(async (theirs) => theirs),
    ends: 'COMPLETED',
  },
  {
    name: 'ingest-anew-after-another',
    input: source,
    ...meetingAnother(failing('RUN_DIFFERS')),
    ends: 'COMPLETED',
  },
]);
