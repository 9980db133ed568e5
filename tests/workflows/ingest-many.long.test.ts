/** The history of an ingest stays short, however many members an archive has: here ten thousand, really landed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIngestActivities } from '../../activities/ingest-activities';
import { casasFile, samples } from '../support/casas';
import { SECRET, newLake, writeZip } from '../support/recordings';
import { useWorkflows } from '../support/workflow-environment';

const MEMBERS = 10_000;
const ROWS = 5;
const LIMIT_MS = 40 * 60_000;
const MOST_EVENTS = 2_000;

const { fakes, start, events } = useWorkflows();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchlake-many-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test(
  'ten thousand members land in fewer than 2,000 events',
  async () => {
    const real = createIngestActivities({ lake: newLake(folder), subjectKey: SECRET });
    fakes.openArchive.mockImplementation(real.openArchive);
    fakes.landBatch.mockImplementation(real.landBatch);
    fakes.publishLanding.mockImplementation(real.publishLanding);
    const text = casasFile(samples(Date.UTC(2021, 5, 1, 8), ROWS));
    const files = Array.from({ length: MEMBERS }, (_, at) => [`sw.p${at}.csv`, text] as const);
    const source = await writeZip(folder, Object.fromEntries(files));
    const handle = await start('ingest', { source, dataset: 'many', format: 'casas' });
    expect(await handle.result()).toMatchObject({ members: MEMBERS, rows: MEMBERS * ROWS });
    const history = await events({ workflowId: handle.workflowId });
    expect(history.length).toBeLessThan(MOST_EVENTS);
    process.stderr.write(`${MEMBERS} members: ${history.length} events\n`);
  },
  LIMIT_MS,
);
