/** Publishing in tests where nobody else writes. */
import type { Lake } from '../../lakehouse/lake';
import type { WriteRowsRequest } from '../../lakehouse/publish';
import { publishRows } from '../../lakehouse/publish';
import { findBase } from '../../lakehouse/published';
import type { ReleaseRequest } from '../../lakehouse/release';
import { publishRelease, publishedVersions } from '../../lakehouse/release';
import type { Release } from '../../lakehouse/ports';

const nameOf = ({ table: { dataset, name } }: WriteRowsRequest) => ({ dataset, table: name });

/** In the place of what is published now. */
export const publishNext = async (lake: Lake, request: WriteRowsRequest) =>
  publishRows(lake, { ...request, replaces: await findBase(lake, nameOf(request)) });

export const releaseNext = async (lake: Lake, request: Omit<ReleaseRequest, 'replaces'>) =>
  publishRelease(lake, { ...request, replaces: await publishedVersions(lake, request.dataset) });

export const latestRelease = async ({ catalog }: Lake, dataset: string): Promise<Release | null> =>
  (await catalog.releases({ dataset }))[0] ?? null;
