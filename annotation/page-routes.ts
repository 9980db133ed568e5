/** The pages for people: home, labelling, the report; and whether the application is well. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { WatchlakeError } from '../core/errors';
import { PROJECT_ROOT } from '../core/project-root';
import type { AnnotationStore } from './annotation';

const PAGE_FOLDER = join(PROJECT_ROOT, 'annotation', 'page');
// The report holds its own script and style; it is kept from everything else.
const REPORT_POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; " +
  "base-uri 'none'; frame-ancestors 'none'; sandbox allow-scripts allow-popups";

export interface HomeLink {
  title: string;
  url: string;
  note: string;
}

export interface HomeModel {
  model: string;
  version: string;
  versions: number;
  macroF1: number | null;
}

/** What the home page shows besides the campaigns. */
export interface HomeDescription {
  links: readonly HomeLink[];
  models: readonly HomeModel[];
}

export interface PageRouteOptions {
  annotation: AnnotationStore;
  version: string;
  describe: () => Promise<HomeDescription>;
  /** The newest report's file; null when there is none yet. */
  reportPath: () => Promise<string | null>;
}

async function isFile(path: string | null): Promise<boolean> {
  if (path === null) return false;
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

export async function addPageRoutes(app: FastifyInstance, options: PageRouteOptions) {
  const { annotation, version, describe, reportPath } = options;
  await app.register(fastifyStatic, {
    root: PAGE_FOLDER,
    prefix: '/assets/',
    cacheControl: false,
    index: false,
  });
  app.get('/', (_request, reply) => reply.sendFile('home.html'));
  app.get('/label', (_request, reply) => reply.sendFile('label.html'));

  app.get('/api/overview', { config: { action: 'read' } }, async () => ({
    version,
    ...(await describe()),
    report: (await isFile(await reportPath())) ? '/report' : null,
    campaigns: await annotation.listCampaigns(),
  }));

  app.get('/report', { config: { action: 'read' } }, async (_request, reply) => {
    const path = await reportPath();
    if (path === null || !(await isFile(path)))
      throw new WatchlakeError('ROUTE_NOT_FOUND', { method: 'GET', path: '/report' });
    return reply
      .header('content-security-policy', REPORT_POLICY)
      .type('text/html; charset=utf-8')
      .send(createReadStream(path));
  });

  app.get('/healthz', () => ({ ok: true }));
  app.get('/readyz', async () => {
    await annotation.ping();
    return { ok: true };
  });
}
