/** Gives each person of a landed file their pseudonym: made by our own code, so that SQL never sees the secret. */
import { pseudonym } from '../../core/hash';
import type { DuckdbSession } from '../engines/duckdb-session';
import type { LocalFile } from '../engines/parquet-sink';
import { parquetSql } from '../engines/parquet-sink';
import { createRowAppender } from '../engines/row-appender';
import { streamRows } from '../engines/streamed-result';
import { column } from '../tables';
import { normal, normalSql } from './fields';

export const SUBJECTS = 'subjects';

export const subjectKey = (secret: string, dataset: string, email: string): string =>
  pseudonym(secret, dataset, normal(email));

const columns = [column('email', 'string', 'E-mail'), column('subject_key', 'string', 'Pseudonym')];

/** Makes the table `subjects` of the session: normalised e-mail and pseudonym. */
export async function addSubjects(
  session: DuckdbSession,
  files: readonly LocalFile[],
  keyOf: (email: string) => string,
): Promise<void> {
  const appender = await createRowAppender(session, SUBJECTS, columns);
  const sql = `SELECT DISTINCT ${normalSql('r.email')} AS email FROM ${parquetSql(files)} r`;
  for await (const rows of streamRows(session.connection, sql)) {
    for (const [email] of rows) appender.append([email as string, keyOf(email as string)]);
  }
  appender.finish();
}
