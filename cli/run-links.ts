/** Addresses of runs in Temporal's web UI. */

export interface RunPlace {
  uiUrl: string;
  namespace: string;
  workflowId: string;
  runId?: string;
}

export function runLink({ uiUrl, namespace, workflowId, runId }: RunPlace): string {
  const parts = ['namespaces', namespace, 'workflows', workflowId, ...(runId ? [runId] : [])];
  return `${uiUrl.replace(/\/+$/, '')}/${parts.map(encodeURIComponent).join('/')}`;
}
