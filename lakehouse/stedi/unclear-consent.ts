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
 * Of each e-mail (`found_by`) the line in quarantine that was updated last. Of several records in a line nobody can
 * tell which moment is whose.
 */
export const UNCLEAR_SQL = `WITH unread AS (
  SELECT ${lineSql('q.raw')} AS line, q.source_file, q.source_line FROM ${CUSTOMER_QUARANTINE} q
), ${CROWDS_SQL}, told AS (
  SELECT ${spelledEmailSql('l.line', '1')} AS spelled,
    CASE WHEN ${isRepeatedSql('l.line', UPDATED)} THEN ${NEWEST_MS}
      ELSE COALESCE(CAST(NULLIF(REGEXP_EXTRACT(l.line, '${UPDATED_MS}', 1), '') AS BIGINT), ${NEWEST_MS})
    END AS updated_ms, l.source_file, l.source_line
  FROM unread l WHERE NOT (${isCrowdedSql('l.line')})
  UNION ALL
  SELECT c.spelled, ${NEWEST_MS} AS updated_ms, c.source_file, c.source_line FROM crowds c
), ranked AS (
  SELECT t.*, ROW_NUMBER() OVER (PARTITION BY t.found_by
    ORDER BY t.updated_ms DESC, t.source_file DESC, t.source_line DESC) AS place
  FROM (
    SELECT ${keySql('e.email')} AS found_by, e.updated_ms, e.source_file, e.source_line
    FROM (SELECT ${emailSql('s.spelled')} AS email, s.* FROM told s) e WHERE e.email <> ''
  ) t
)
SELECT r.found_by, r.updated_ms, r.source_file, r.source_line FROM ranked r WHERE r.place = 1`;

/** Whether the line is newer than the row: by the same rule a person's last row is found. */
export const isNewerSql = (
  line: string,
  row: string,
): string => `(${line}.updated_ms > ${row}.lastUpdateDate
  OR (${line}.updated_ms = ${row}.lastUpdateDate AND (${line}.source_file > ${row}.source_file
    OR (${line}.source_file = ${row}.source_file AND ${line}.source_line > ${row}.source_line))))`;
