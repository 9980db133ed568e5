/**
 * A worker killed, or paused past its heartbeat, at the points of the protocol that matter most: each
 * generation touches data once at most, one snapshot is published, and nothing is left running. The jobs
 * are a stand-in for Spark with the runner's own choice of attempts; the long variant takes every call.
 */
import { useKillBench } from '../support/jobs/kill-bench';
import { killedAt } from '../support/jobs/kill-run';

jest.setTimeout(120_000);

const bench = useKillBench();

/** What it is, the call, and on which side of it. */
type Point = readonly [string, string, 'before' | 'after'];

const POINTS: Readonly<Record<'emr' | 'glue', Point[]>> = {
  emr: [
    ['before the cluster is started', 'ElasticMapReduce.RunJobFlow', 'before'],
    ['before the add', 'ElasticMapReduce.AddJobFlowSteps', 'before'],
    ['after the add, before anybody knows of it', 'ElasticMapReduce.AddJobFlowSteps', 'after'],
    ['while it looks', 'ElasticMapReduce.DescribeStep', 'after'],
    ['before it publishes', 'PUT manifest.json', 'before'],
  ],
  glue: [
    ['before the start', 'AWSGlue.StartJobRun', 'before'],
    ['after the start, before anybody knows of it', 'AWSGlue.StartJobRun', 'after'],
  ],
};

for (const engine of ['emr', 'glue'] as const) {
  for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
    test.each(POINTS[engine])(`${engine}, ${signal} %s`, async (_point, name, when) => {
      const isIt = bench.isNamed(name);
      const outcome = await killedAt(bench, { engine, signal, when, isIt });
      expect(outcome).toMatchObject(bench.expected({ reached: true }));
    });
  }
}
