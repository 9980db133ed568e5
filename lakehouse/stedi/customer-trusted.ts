/** customer_trusted: people who share their data with research, one row each. */
import type { RowWiseTransform, TableDeclaration } from '../tables';
import { column, declareTable, reason } from '../tables';
import { SOURCE_FIELDS, normalSql } from './fields';
import { landingColumns } from './landing-tables';
import { CUSTOMER_TRUSTED, STEDI_LANDING, stediLocation } from './locations';
import { escapedKeySql } from './quarantined-emails';
import { CUSTOMER_QUARANTINE, UNCLEAR, UNCLEAR_SQL, mayTakeBackSql } from './unclear-consent';

const KEPT = SOURCE_FIELDS.customer.map(({ name }) => name);

/** An e-mail without a name or without a host. */
export const isMalformedSql = (email: string): string => `${email} NOT LIKE '%_@_%'`;

const expression = (name: string): string => {
  const value = `r.${name}`;
  return ['email', 'serialNumber'].includes(name) ? `${normalSql(value)} AS ${name}` : value;
};

/**
 * Of a person's rows the last updated counts: also when it takes the consent back. Of several of one moment nobody
 * can tell which came last: one without consent counts, wherever it stands.
 */
const SQL = `WITH ranked AS (
  SELECT l.*, ${normalSql('l.email')} AS normal_email, ROW_NUMBER() OVER (PARTITION BY ${normalSql('l.email')}
    ORDER BY l.lastUpdateDate DESC, CASE WHEN l.shareWithResearchAsOfDate IS NULL THEN 0 ELSE 1 END,
    l.registrationDate DESC, l.source_file DESC, l.source_line DESC, l.shareWithResearchAsOfDate DESC) AS place
  FROM ${STEDI_LANDING.customer} l
), judged AS (
  SELECT k.*,
    CASE
      WHEN k.place > 1 THEN 'same-person-again'
      WHEN k.shareWithResearchAsOfDate IS NULL THEN 'no-consent'
      WHEN ${mayTakeBackSql('u', 'k')} OR ${mayTakeBackSql('e', 'k')} THEN 'consent-unclear'
    END AS left_out
  FROM ranked k
  LEFT JOIN ${UNCLEAR} u ON u.found_by = k.normal_email
  LEFT JOIN ${UNCLEAR} e ON e.found_by = ${escapedKeySql('k.normal_email')}
)
SELECT ${KEPT.map(expression).join(', ')}, r.subject_key, r.source_file, r.source_line,
  CASE WHEN r.left_out IS NULL AND ${isMalformedSql('r.email')} THEN 'email-malformed' END AS _quarantine,
  CASE WHEN r.left_out IS NULL AND ${isMalformedSql('r.email')} THEN 'email' END AS _detail,
  r.left_out AS _drop,
  CASE WHEN r.serialNumber <> ${normalSql('r.serialNumber')} THEN 'serial-number-respelled' END AS _note
FROM judged r`;

const CONSENT_BEFORE_REGISTRATION = `SELECT COUNT(*) AS offending FROM ${CUSTOMER_TRUSTED} t
  WHERE t.shareWithResearchAsOfDate < t.registrationDate`;

export const customerTrusted = (dataset: string): TableDeclaration<RowWiseTransform> =>
  declareTable({
    dataset,
    name: CUSTOMER_TRUSTED,
    zone: 'trusted',
    location: stediLocation(dataset, CUSTOMER_TRUSTED),
    comment: 'People who share their data with research; e-mail and serial number in one spelling',
    columns: landingColumns('customer')
      .filter(({ name }) => !name.startsWith('source_'))
      .map((each) =>
        each.name === 'shareWithResearchAsOfDate'
          ? column(each.name, each.type, each.comment)
          : each,
      ),
    key: ['subject_key'],
    partitions: [],
    orderBy: ['subject_key'],
    inputs: [STEDI_LANDING.customer, CUSTOMER_QUARANTINE],
    transform: { type: 'row-wise', prepared: { [UNCLEAR]: UNCLEAR_SQL }, sql: SQL, notes: true },
    checks: [{ name: 'consent-before-registration', sql: CONSENT_BEFORE_REGISTRATION }],
    reasons: [
      reason('dropped', 'no-consent', 'the person does not share their data with research'),
      reason(
        'dropped',
        'consent-unclear',
        'a line of the same e-mail that is as new or newer is in quarantine: it may take the consent back',
      ),
      reason('dropped', 'same-person-again', 'another row of the same e-mail counts instead'),
      reason('quarantined', 'email-malformed', 'the e-mail has no name or no host'),
      reason('mended', 'serial-number-respelled', 'it was in upper case or had blanks around it'),
    ],
  });
