/** Where the application page's home points to in Temporal's web UI. */
import type { HomeLink } from '../annotation/page-routes';

/** None without the address of a web UI: a server that runs elsewhere need not have one. */
export function homeLinks({ uiUrl, namespace }: { uiUrl: string; namespace: string }): HomeLink[] {
  if (uiUrl === '') return [];
  const base = uiUrl.replace(/\/+$/, '');
  const schedules = `${base}/namespaces/${encodeURIComponent(namespace)}/schedules`;
  return [
    { title: 'Workflows', url: uiUrl, note: 'Watch and start runs' },
    { title: 'Schedules', url: schedules, note: 'What runs by itself' },
  ];
}
