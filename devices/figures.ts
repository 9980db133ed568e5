/** The figures of a period, as the aggregates' file has them after person and period. */
export const FIGURES = [
  'total_steps',
  'avg_heart_rate_asleep',
  'avg_heart_rate',
  'min_heart_rate',
  'max_heart_rate',
  'minutes_asleep',
  'events',
  'devices',
  'heart_rate_asleep_thousandths',
  'heart_rate_asleep_events',
  'heart_rate_thousandths',
  'heart_rate_events',
  'asleep_ms',
] as const;
