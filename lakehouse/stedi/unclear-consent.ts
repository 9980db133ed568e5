/** Whose newest word about their consent could not be read: it lies in the quarantine of the customers. */
import { quarantineName } from '../quarantine';
import { STEDI_LANDING } from './locations';
import {
  CROWDS_SQL,
  emailSql,
  isCrowdedSql,
  isRepeatedSql,
  keySql,
  lineSql,
  spelledEmailSql,
} from './quarantined-emails';

export const CUSTOMER_QUARANTINE = quarantineName(STEDI_LANDING.customer);

const UPDATED = '"lastUpdateDate"';
const UPDATED_MS = `${UPDATED}[^",0-9-]*([0-9]{12,13})[ ]*[,}]`;
// A line that does not tell when it was written may be the newest.
const NEWEST_MS = 9_000_000_000_000_000;

/** A relation that customer_trusted reads. */
export const UNCLEAR = 'unclear_consent';

/**
 * Of each e-mail (`found_by`) when its line in quarantine was last updated. Of several records in a line nobody can
 * tell which moment is whose.
 */
export const UNCLEAR_SQL = `WITH unread AS (
  SELECT ${lineSql('q.raw')} AS line FROM ${CUSTOMER_QUARANTINE} q
), ${CROWDS_SQL}, told AS (
  SELECT ${spelledEmailSql('l.line', '1')} AS spelled,
    CASE WHEN ${isRepeatedSql('l.line', UPDATED)} THEN ${NEWEST_MS}
      ELSE COALESCE(CAST(NULLIF(REGEXP_EXTRACT(l.line, '${UPDATED_MS}', 1), '') AS BIGINT), ${NEWEST_MS})
    END AS updated_ms
  FROM unread l WHERE NOT (${isCrowdedSql('l.line')})
  UNION ALL
  SELECT c.spelled, ${NEWEST_MS} AS updated_ms FROM crowds c
)
SELECT ${keySql('e.email')} AS found_by, MAX(e.updated_ms) AS updated_ms
FROM (SELECT ${emailSql('s.spelled')} AS email, s.updated_ms FROM told s) e
WHERE e.email <> '' GROUP BY ${keySql('e.email')}`;

/** Whether the line may take back what the row says: of the same moment, a row without consent would count as well. */
export const mayTakeBackSql = (line: string, row: string): string =>
  `${line}.updated_ms >= ${row}.lastUpdateDate`;
