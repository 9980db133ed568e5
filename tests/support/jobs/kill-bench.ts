/** The services, the door that a worker uses, and what must hold whatever happens to it. */
import type { AwsGateway, Call } from '../aws-gateway';
import { useJobCloud } from './cloud';
import { createGate, nameOf } from './gate';
import type { KillBench, Outcome } from './kill-run';
import { madeContent, madeRows } from './made-table';
import type { StandIn } from './stand-in';

export interface Bench extends KillBench {
  readonly isNamed: (name: string) => (call: Call) => boolean;
  readonly expected: (changes: Partial<Outcome>) => Partial<Outcome>;
}

export function useKillBench(): Bench {
  const cloud = useJobCloud();
  const gate = createGate();
  let door: AwsGateway | undefined;
  let [made, content]: [StandIn?, string?] = [];
  beforeAll(async () => {
    made = await madeRows({ seconds: 0.5 });
    content = await madeContent(made);
    cloud.standIn(made);
    door = await cloud.door(gate.guarantee);
  }, 180_000);
  return {
    ...{ cloud, gate, door: () => door as AwsGateway },
    isNamed: (name) => (call) => nameOf(call) === name,
    expected: (changes) => ({
      ...{ manifests: 1, publications: 1, publishedRows: made?.rows, content, running: [] },
      // Nothing fails here, so there is one generation, and one start of it touches data.
      ...{ processed: { '1': 1 } },
      ...changes,
    }),
  };
}
