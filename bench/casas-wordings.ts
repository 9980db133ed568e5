/** What the benches of smartwatch archives say of themselves. */
import type { Wording } from './casas-report';

export const CLEAN: Wording = {
  title: 'Benchmark of cleaning',
  about: `Smartwatch files as CASAS has them, made up, with their known troubles; a file for each participant. Each leg ran in a process of its own,
which began with reading the CSV and ended when the Parquet of \`recordings_trusted\` was written; the row counts of all legs were compared.`,
  titles: {
    ours: 'Watchlake, DuckDB: landing, table, checks, publishing',
    'bare-duckdb': 'the same SQL bare in DuckDB',
    'bare-spark': 'the same SQL on Spark local[2]',
    polars: 'the same table by polars, streaming',
  },
  command: 'npm run bench:clean',
};

export const INGEST: Wording = {
  title: 'Benchmark of ingest',
  about: `Zip archives of smartwatch files as CASAS has them, made up; a member for each participant. Watchlake's leg began with opening the archive and ended when
\`casas_landing\` was published in a local lake, each row judged and in its types; the other one wrote the inflated bytes into a file. Row counts were compared.`,
  titles: { ingest: 'Watchlake: zip to the lake', unzip: 'unzip -p into a file' },
  command: 'npm run bench:ingest',
};
