/** Lands the files of one batch; what has landed before is not read again. */
import { isWatchlakeError } from '../../core/errors';
import type { LandedBatch, LandRequest } from '../dataset-format';
import { withDuckdb } from '../engines/duckdb-session';
import { readJson, writeJson } from '../json';
import type { Lake } from '../lake';
import { ingestFolder } from '../landing/ingest-folder';
import { createReading } from '../landing/reading';
import type { PlannedFile, StediIngestPlan } from './ingest-plan';
import { planHash } from './ingest-plan';
import { landFile } from './land-file';
import type { LandedFile } from './landing-facts';
import { contentOf, fingerprintOf } from './landing-facts';
import { subjectKey } from './subject-keys';
import type { Withdrawals } from './withdrawn';
import { withdrawalsOf } from './withdrawn';
import { serialsOfWithdrawn } from './withdrawn-serials';

type Request = LandRequest<StediIngestPlan>;

const partsFolder = (plan: StediIngestPlan): string => `${ingestFolder(plan)}${planHash(plan)}/`;

const partKey = (plan: StediIngestPlan, file: number): string => `${partsFolder(plan)}${file}.json`;

/** OBJECT_NOT_FOUND when the file has not landed. */
export const readLanded = (
  { store }: Lake,
  plan: StediIngestPlan,
  file: number,
): Promise<LandedFile> => readJson<LandedFile>(store, partKey(plan, file));

const holdsSteps = ({ plan, batch }: Request): boolean =>
  (plan.batches[batch] ?? []).some((at) => plan.files[at]?.source === 'step_trainer');

/** Whose a device is, customers tell: all of them are read, where the batch has readings of devices. */
async function withdrawalsFrom(lake: Lake, request: Request): Promise<Withdrawals> {
  const { suppression, dataset, source, signal } = request;
  const withdrawals = await withdrawalsOf(suppression, dataset);
  if (!withdrawals.any || !holdsSteps(request)) return withdrawals;
  const options = { store: lake.store, options: lake.duckdb, signal };
  const serials = await withDuckdb(options, (session) =>
    serialsOfWithdrawn(lake, session, { dataset, source, signal }, withdrawals),
  );
  return withdrawalsOf(suppression, dataset, serials);
}

async function landOnce(
  lake: Lake,
  request: Request,
  at: number,
  withdrawals: Withdrawals,
): Promise<LandedFile> {
  const { plan, source, secret, dataset, signal } = request;
  const key = partKey(plan, at);
  if (await lake.store.has(key)) return readLanded(lake, plan, at);
  const file = plan.files[at] as PlannedFile;
  const landed = await landFile(lake, source, file, {
    withdrawals,
    keyOf: (email) => subjectKey(secret, dataset, email),
    prefix: `${partsFolder(plan)}${at}/`,
    signal,
  });
  const { member, again } = file;
  const known = { fingerprint: fingerprintOf(member), content: contentOf(member) };
  const facts = { file: member.name, ...known, ...landed, ...(again && { again }) };
  try {
    await writeJson(lake.store, key, facts, { ifAbsent: true });
    return facts;
  } catch (error) {
    if (!isWatchlakeError(error) || error.code !== 'OBJECT_EXISTS') throw error;
    for (const each of [...facts.files, ...facts.quarantineFiles])
      await lake.store.remove(each.key);
    return readLanded(lake, plan, at);
  }
}

export async function landBatch(lake: Lake, request: Request): Promise<LandedBatch> {
  const { plan, batch, source, signal, onRows, onRead } = request;
  const reading = createReading(onRead);
  const withdrawals = await withdrawalsFrom(lake, request);
  let [members, rows] = [0, 0];
  for (const at of plan.batches[batch] ?? []) {
    signal?.throwIfAborted();
    const { member } = plan.files[at] as PlannedFile;
    const landed = await reading.part([member], source, (watched) =>
      landOnce(lake, { ...request, source: watched }, at, withdrawals),
    );
    onRows?.(landed.rows);
    members += 1;
    rows += landed.rows;
  }
  return { members, rows, bytes: reading.bytes() };
}
