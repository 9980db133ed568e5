/** The option `--engine` of the commands that build tables. */
import { Option } from 'commander';
import { ENGINE_NAMES } from '../core/engine-names';

export const engineOption = (): Option =>
  new Option('--engine <engine>', "what runs the SQL; the lake's own when absent").choices(
    ENGINE_NAMES,
  );
