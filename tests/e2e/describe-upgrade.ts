/** What has to hold after an upgrade, however the previous release came to its end. */
import { readdir } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { PROJECT_ROOT } from '../../core/project-root';
import { previousRelease } from '../support/previous-release';
import { runUpgrade, WINDOWS_OF_A_SUBJECT, type Ending, type UpgradeRun } from './upgrade-run';

const LIMIT_MS = 10 * 60_000;

export function describeUpgrade(how: string, ending: Ending): void {
  const release = previousRelease();
  if (typeof release === 'string') {
    process.stderr.write(`SKIPPED: the upgrade from the previous release, because ${release}\n`);
    return test.skip(`SKIPPED: ${release}`, () => undefined);
  }

  describe(`a home of ${release.name}, ${how}`, () => {
    let upgrade: UpgradeRun;
    beforeAll(async () => {
      upgrade = await runUpgrade(release, ending);
    }, LIMIT_MS);

    test('was left with a loop, its campaign and its predictor open', () => {
      const types = upgrade.open.map(({ type }) => type).sort();
      expect(types).toEqual(['activeLearningLoop', 'annotationCampaign', 'predictStream']);
      expect(upgrade.answered.before).toBe(2);
    });

    test('gets the migrations that it lacks, after those that it has', async () => {
      const files = await readdir(join(PROJECT_ROOT, 'migrations'));
      const { before, after } = upgrade.migrations;
      expect(after).toEqual(files.map((file) => parse(file).name).sort());
      expect(after.slice(0, before.length)).toEqual(before);
    });

    test('completes the very run that was open, with the answers of before and after', () => {
      const { loop, open, answered, stillOpen } = upgrade;
      expect(open.find(({ runId }) => runId !== undefined)?.runId).toBe(loop.runId);
      expect(loop.campaign).toMatchObject({ tasks: 6, outcome: 'complete' });
      expect(answered.before + answered.after).toBe(6);
      expect(loop.labels).toBe(6);
      expect(stillOpen).toEqual([]);
    });

    test('predicts each window once, across the change of version', () => {
      const windows = 3 * WINDOWS_OF_A_SUBJECT;
      expect(upgrade.loop.windowsPredicted).toBe(windows);
      expect(upgrade.predictions).toEqual({ rows: windows, windows });
    });

    test('compares a challenger of this code with the champion of the previous release', () => {
      expect(upgrade.versions).toEqual(['1', '2']);
      expect(upgrade.loop.retrains).toMatchObject([{ reason: 'too-few-subjects' }]);
    });
  });
}
