/** The embedded engine keeps the contract of engines. */
import { newLake, temporaryFolder } from '../support/recordings';
import { engineContract } from './engine-contract';

const folder = temporaryFolder();

engineContract('duckdb', async () => newLake(folder.path()));
