/** The report's page: with a token, or by a link that a browser follows once, as links carry no token. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { WatchlakeError } from '../core/errors';
import { isNavigation } from '../core/http-door';
import { authorize, digestOf, newToken, type Token } from '../core/tokens';

// The report holds its own script and style; it is kept from everything else.
const REPORT_POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; " +
  "base-uri 'none'; frame-ancestors 'none'; sandbox allow-scripts allow-popups";

const TICKET_LIFE_MS = 30_000;
const MOST_TICKETS = 1_000;

export interface ReportRouteOptions {
  tokens: readonly Token[];
  /** The newest report's file; null when there is none yet. */
  reportPath: () => Promise<string | null>;
}

export async function isFile(path: string | null): Promise<boolean> {
  if (path === null) return false;
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** Each is good once, for a short time; of too many the oldest go. */
function createTickets() {
  const endMs = new Map<string, number>();
  const keyOf = (ticket: string): string => digestOf(ticket).toString('hex');
  return {
    issue(): string {
      const ticket = newToken();
      endMs.set(keyOf(ticket), Date.now() + TICKET_LIFE_MS);
      const [oldest] = endMs.keys();
      if (endMs.size > MOST_TICKETS && oldest !== undefined) endMs.delete(oldest);
      return ticket;
    },
    redeem(ticket: unknown): boolean {
      if (typeof ticket !== 'string') return false;
      const key = keyOf(ticket);
      const isGood = (endMs.get(key) ?? 0) > Date.now();
      endMs.delete(key);
      return isGood;
    },
  };
}

export function addReportRoutes(app: FastifyInstance, { tokens, reportPath }: ReportRouteOptions) {
  const tickets = createTickets();

  app.post('/api/report-link', { config: { action: 'read' } }, () => ({
    url: `/report?ticket=${tickets.issue()}`,
  }));

  app.get<{ Querystring: { ticket?: unknown } }>('/report', async (request, reply) => {
    const { headers, query } = request;
    if (!tickets.redeem(query.ticket)) {
      try {
        authorize(tokens, headers.authorization, 'read');
      } catch (error) {
        // Who loads the page again, or opens its link beside it, gets there from the home page.
        if (isNavigation(request)) return reply.redirect('/', 303);
        throw error;
      }
    }
    const path = await reportPath();
    if (path === null || !(await isFile(path)))
      throw new WatchlakeError('ROUTE_NOT_FOUND', { method: 'GET', path: '/report' });
    return reply
      .header('content-security-policy', REPORT_POLICY)
      .type('text/html; charset=utf-8')
      .send(createReadStream(path));
  });
}
