/** What `doctor` says of one thing that Watchlake needs. */
export interface Finding {
  name: string;
  /** Only `missing` keeps Watchlake from running. */
  status: 'ok' | 'note' | 'missing';
  found: string;
  remedy?: string;
}
