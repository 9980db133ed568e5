/** Runs what a container of ours runs: its command and its variables as docker-compose.yml and the Dockerfile have them. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import { PROJECT_ROOT } from '../../core/project-root';

type Variables = Readonly<Record<string, string>>;

interface Service {
  readonly command: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment: Variables;
}

export interface Surroundings {
  /** Stands for the volume /data. */
  readonly home: string;
  /** What stands in .env. */
  readonly secrets: Variables;
  /** What is at another place than in a network of containers: each text on the left becomes the one on the right. */
  readonly places: Variables;
  /** Besides those of the containers. */
  readonly additions?: Variables;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Container {
  readonly ended: Promise<Ended>;
  /** By the image's health check; false while it does not answer. */
  isHealthy(): Promise<boolean>;
  stop(): Promise<Ended>;
}

const read = (name: string): string => readFileSync(join(PROJECT_ROOT, name), 'utf8');
const services = (
  parse(read('docker-compose.yml'), { merge: true }) as { services: Record<string, Service> }
).services;

/** Of the last stage; its lines go on behind a backslash. */
const ofImage: Variables = Object.fromEntries(
  [
    ...read('Dockerfile')
      .replaceAll(/\\\n/g, ' ')
      .matchAll(/^ENV (.+)$/gm),
  ]
    .flatMap(([, pairs = '']) => pairs.trim().split(/\s+/))
    .map((pair) => pair.split('=', 2) as [string, string]),
);

const VARIABLE = /\$\{([A-Z0-9_]+)(?::([-?])([^}]*))?\}/g;

const interpolated = (value: string, secrets: Variables): string =>
  value.replaceAll(VARIABLE, (_all, name: string, kind?: string, word: string = '') => {
    const given = secrets[name];
    if (given === undefined && kind === '?') throw new Error(`${name}: ${word}`);
    return given ?? word;
  });

function variablesOf(service: Service, surroundings: Surroundings): Variables {
  const { secrets, places, additions, home } = surroundings;
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(service.environment)) {
    given[name] = Object.entries(places).reduce(
      (moved, [from, to]) => moved.replaceAll(from, to),
      interpolated(value, secrets),
    );
  }
  const { PATH = '' } = process.env;
  // Nothing of the machine's own environment but where its programs are.
  return { ...ofImage, PATH, ...given, WATCHLAKE_HOME: home, ...additions };
}

/** Where the image has its programs: `watchlake` by a link, the code in its working folder. */
const wordsOf = ([program, ...words]: readonly string[]): string[] => {
  const inImage = (path: string) =>
    path.replace(/^(\/app\/)?(dist|scripts)\//, `${PROJECT_ROOT}/$2/`);
  if (program === 'watchlake') return [join(PROJECT_ROOT, 'bin', 'watchlake.js'), ...words];
  if (program === 'node') return words.map(inImage);
  throw new Error(`the image has no program ${program}`);
};

const HEALTH_CHECK = /^HEALTHCHECK [^[]*?CMD (\[.+\])$/m.exec(
  read('Dockerfile').replaceAll(/\\\n/g, ' '),
);

async function finished(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Ended> {
  const ended = once(child, 'close') as Promise<[number | null]>;
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: (await ended)[0], stdout, stderr };
}

/** `words` take the place of the service's command, as behind `docker compose run`. */
export function runContainer(
  name: string,
  surroundings: Surroundings,
  words?: readonly string[],
): Container {
  const service = services[name];
  if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  const env = variablesOf(service, surroundings);
  const start = (command: readonly string[]) =>
    spawn(process.execPath, wordsOf(command), {
      ...{ cwd: surroundings.home, env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const child = start([...(service.entrypoint ?? []), ...(words ?? service.command)]);
  const ended = finished(child);
  return {
    ended,
    async isHealthy() {
      const check = JSON.parse(HEALTH_CHECK?.[1] ?? '[]') as string[];
      return (await finished(start(check))).code === 0;
    },
    async stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
