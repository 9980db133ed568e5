/** Whose newest word about their consent could not be read: it lies in the quarantine of the customers. */
import { quarantineName } from '../quarantine';
import { normalSql } from './fields';
import { STEDI_LANDING } from './locations';

export const CUSTOMER_QUARANTINE = quarantineName(STEDI_LANDING.customer);

// Patterns without a backslash mean the same to every engine. A line that was cut off is no JSON, and may name its person.
const EMAIL = '"email"[^",]*"([^"]*)"';
const UPDATED = '"lastUpdateDate"[^",0-9-]*([0-9]{12,13})[ ]*[,}]';
// A line that does not tell when it was written may be the newest.
const NEWEST_MS = 9_000_000_000_000_000;

const found = (pattern: string): string => `REGEXP_EXTRACT(q.raw, '${pattern}', 1)`;

/** A common table expression, `unclear`: of each e-mail the line in quarantine that was updated last. */
export const UNCLEAR_SQL = `told AS (
  SELECT ${normalSql(found(EMAIL))} AS email,
    COALESCE(CAST(NULLIF(${found(UPDATED)}, '') AS BIGINT), ${NEWEST_MS}) AS updated_ms,
    q.source_file, q.source_line
  FROM ${CUSTOMER_QUARANTINE} q
), unclear AS (
  SELECT t.*, ROW_NUMBER() OVER (PARTITION BY t.email
    ORDER BY t.updated_ms DESC, t.source_file DESC, t.source_line DESC) AS place
  FROM told t WHERE t.email <> ''
)`;

/** Whether the line `u` is newer than the row: by the same rule a person's last row is found. */
export const isNewerSql = (row: string): string => `(u.updated_ms > ${row}.lastUpdateDate
  OR (u.updated_ms = ${row}.lastUpdateDate AND (u.source_file > ${row}.source_file
    OR (u.source_file = ${row}.source_file AND u.source_line > ${row}.source_line))))`;
