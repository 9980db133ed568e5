/** What the commands about consent do themselves: the ledger, and what an erasure starts from. */
import type { Pool } from 'pg';
import { strangerOf, type CaseName, type ErasureCase } from '../activities/erasure-case';
import { erasingOf, possibleIdentifiers } from '../activities/erasing-of';
import { newestProof, type ErasureProof } from '../activities/erasure-proof';
import { createConsent } from '../consent/consent';
import type { ConsentEntry } from '../consent/ledger';
import { WatchlakeError, isWatchlakeError, type ErrorCode } from '../core/errors';
import { createDeviceTables } from '../devices/devices';
import { requireDataset } from '../lakehouse/datasets';
import type { Lake } from '../lakehouse/lake';
import type { Config } from './config';
import { pseudonymKey } from './secrets';

/** What goes when the person is erased, as far as the landing tables tell. */
export interface ConsentSurvey {
  readonly rows: Readonly<Record<string, number>>;
  readonly devices: number;
  /** Names, numbers or devices that others have as well: those stay where the others are. */
  readonly shared: number;
}

export interface CommandConsent {
  /** The keyed hash of a person; DATASET_NOT_FOUND when nothing has landed. */
  caseOf(dataset: string, identifier: string): Promise<CaseName>;
  survey(dataset: string, identifier: string): Promise<ConsentSurvey>;
  /** Seals what an erasure has to know of the person, for as long as it runs. */
  openCase(dataset: string, identifier: string): Promise<CaseName>;
  /** ERASURE_UNFINISHED while the person is being erased. */
  grant(dataset: string, identifier: string): Promise<CaseName & { added: boolean }>;
  /** How many people of the dataset are being erased. */
  openCases(of: { dataset: string }): Promise<number>;
  /** DATASET_NOT_FOUND when neither the ledger nor the lake knows the one named. */
  entries(dataset?: string): Promise<ConsentEntry[]>;
  proof(dataset: string, identifier: string): Promise<{ key: string; proof: ErasureProof }>;
}

const isCode = (error: unknown, code: ErrorCode): boolean =>
  isWatchlakeError(error) && error.code === code;

export function commandConsent(
  config: Config,
  pool: Pool,
  withLake: <T>(work: (lake: Lake) => Promise<T>) => Promise<T>,
): CommandConsent {
  const open = async () => {
    const secret = await pseudonymKey(config);
    return { secret, consent: createConsent(pool, secret) };
  };

  async function known(lake: Lake, dataset: string, given: string) {
    const { secret, consent } = await open();
    const devices = createDeviceTables(pool);
    const erasing = await erasingOf({ lake, devices, consent }, dataset);
    const identifier = erasing.identifierOf(given);
    const name = { dataset, subject: consent.subjectOf(dataset, identifier) };
    return { secret, consent, erasing, identifier, name };
  }

  /** Of a dataset that was removed since; null when there is none. */
  async function formerProof(lake: Lake, dataset: string, given: string) {
    const { consent } = await open();
    for (const identifier of possibleIdentifiers(given)) {
      const name = { dataset, subject: consent.subjectOf(dataset, identifier) };
      const found = await newestProof(lake, name).catch((error: unknown) => {
        if (!isCode(error, 'PROOF_NOT_FOUND')) throw error;
        return null;
      });
      if (found !== null) return found;
    }
    return null;
  }

  return {
    caseOf: (dataset, given) => withLake(async (lake) => (await known(lake, dataset, given)).name),
    survey: (dataset, given) =>
      withLake(async (lake) => {
        const { secret, erasing, identifier } = await known(lake, dataset, given);
        const request = { ...strangerOf(secret, dataset, identifier), dataset };
        const { rows, person } = await erasing.findPerson(lake, request);
        return { rows, devices: person.devices.length, shared: person.shared };
      }),
    openCase: (dataset, given) =>
      withLake(async (lake) => {
        const { consent, identifier, name } = await known(lake, dataset, given);
        await consent.openCase<ErasureCase>(name, { identifier });
        return name;
      }),
    grant: (dataset, given) =>
      withLake(async (lake) => {
        const { consent, name } = await known(lake, dataset, given);
        // It would go on to erase, put devices on the list again, and prove what is not so.
        if (await consent.isOpen(name)) throw new WatchlakeError('ERASURE_UNFINISHED');
        return { ...name, ...(await consent.recordGrant(name)) };
      }),
    openCases: async (of) => (await open()).consent.openCases(of),
    async entries(dataset) {
      const found = await (await open()).consent.entries({ dataset });
      // The ledger remembers datasets that the lake holds no more.
      if (found.length === 0 && dataset !== undefined) {
        await withLake((lake) => requireDataset(lake, dataset));
      }
      return found;
    },
    proof: (dataset, given) =>
      withLake(async (lake) => {
        try {
          return await newestProof(lake, (await known(lake, dataset, given)).name);
        } catch (error) {
          if (!isCode(error, 'DATASET_NOT_FOUND')) throw error;
          const found = await formerProof(lake, dataset, given);
          if (found === null) throw error;
          return found;
        }
      }),
  };
}
