/** Audits the dependencies: known advisories, pinned versions, checksums, licences. Names what it accepts and why. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const readJson = (file) => JSON.parse(readFileSync(join(root, file), 'utf8'));
const accepted = readJson('audit-accepted.json');
const manifest = readJson('package.json');
const lock = readJson('package-lock.json');
const problems = [];

// Pinned: the same versions on every machine, each with the checksum of what was reviewed.
for (const kind of ['dependencies', 'optionalDependencies', 'devDependencies']) {
  for (const [name, version] of Object.entries(manifest[kind] ?? {})) {
    if (!/^\d/.test(version)) problems.push(`${name}: ${version} is not an exact version`);
  }
}
const packages = Object.entries(lock.packages).filter(([path]) => path !== '');
for (const [path, { integrity, link }] of packages) {
  if (!integrity && !link) problems.push(`${path}: no checksum in package-lock.json`);
}

// Licences: what is shipped to users has to be free to use.
for (const [path, { dev, license }] of packages) {
  if (dev || !existsSync(join(root, path))) continue;
  const name = path.replace(/^.*node_modules\//, '');
  const found = license ?? readJson(join(path, 'package.json')).license ?? 'none';
  const free = accepted.licences.allowed.some((allowed) =>
    String(found.type ?? found).includes(allowed),
  );
  if (!free && !accepted.licences.exceptions[name])
    problems.push(`${name}: licence ${JSON.stringify(found)}`);
}

// Advisories need the registry's word.
const { stdout } = spawnSync('npm', ['audit', '--json', '--omit=dev'], {
  cwd: root,
  encoding: 'utf8',
});
const report = JSON.parse(stdout || '{}');
if (report.vulnerabilities) {
  for (const { name, severity, via } of Object.values(report.vulnerabilities)) {
    for (const { url, title } of via.filter((each) => typeof each === 'object')) {
      const known = accepted.advisories.find((each) => each.url === url);
      if (known) console.log(`accepted: ${name}: ${title} (${url}): ${known.why}`);
      else problems.push(`${name}: ${severity}: ${title} (${url})`);
    }
  }
} else {
  const why = report.message ?? report.error?.summary ?? 'the registry gave no answer';
  console.log(`SKIPPED: known advisories were NOT checked, because ${why}`);
}

for (const [name, why] of Object.entries(accepted.licences.exceptions)) {
  console.log(`accepted: the licence of ${name}: ${why}`);
}
for (const problem of problems) console.error(`audit: ${problem}`);
console.log(`audit: ${packages.length} packages, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
