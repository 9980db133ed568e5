/** The pages for people: home and label page; and whether the application is well. */
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { PROJECT_ROOT } from '../core/project-root';
import type { AnnotationStore } from './annotation';
import { addReportRoutes, isFile, type ReportRouteOptions } from './report-routes';

export const PAGE_FOLDER = join(PROJECT_ROOT, 'annotation', 'page');

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

export interface PageRouteOptions extends ReportRouteOptions {
  annotation: AnnotationStore;
  version: string;
  describe: () => Promise<HomeDescription>;
}

export async function addPageRoutes(app: FastifyInstance, options: PageRouteOptions) {
  const { annotation, version, describe, tokens, reportPath } = options;
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
    campaignsInAll: await annotation.countCampaigns(),
  }));

  addReportRoutes(app, { tokens, reportPath });

  app.get('/healthz', () => ({ ok: true }));
  app.get('/readyz', async () => {
    await annotation.ping();
    return { ok: true };
  });
}
