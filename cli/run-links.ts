/** Addresses of runs in Temporal's web UI. */

export interface RunPlace {
  uiUrl: string;
  namespace: string;
  workflowId: string;
  runId?: string;
}

/** Empty where the address of the server's web UI is not known. */
export function runLink({ uiUrl, namespace, workflowId, runId }: RunPlace): string {
  if (uiUrl === '') return '';
  const parts = ['namespaces', namespace, 'workflows', workflowId, ...(runId ? [runId] : [])];
  return `${uiUrl.replace(/\/+$/, '')}/${parts.map(encodeURIComponent).join('/')}`;
}
