// Makes a clone ready to run: checks Node, installs the packages that are missing and builds what has changed.
// Plain Node, since it runs before anything is installed. Quick when there is nothing to do.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OLDEST_NODE = [20, 20];
const BUILT_FROM = [
  'src',
  'tsconfig.json',
  'tsconfig.build.json',
  'package-lock.json',
  'scripts/bundle.mjs',
  'scripts/build-id.mjs',
];

/** What is wrong with this version of Node, or null. */
export function nodeComplaint(version) {
  const [major, minor] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return null;
  return `Countersign needs Node ${OLDEST_NODE.join('.')} or later; this is ${version}. Get it from https://nodejs.org.`;
}

/** Whether node_modules holds what package-lock.json says, as npm itself wrote it down after its last complete install. */
export function isInstalled(root) {
  const installed = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  const locked = packagesOf(join(root, 'package-lock.json'));
  if (installed === null || locked === null) return false;
  return Object.entries(locked).every(([path, wanted]) => {
    if (path === '') return true;
    const found = installed[path];
    // Optional packages are left out on machines they are not for.
    if (found === undefined) return wanted.optional === true || wanted.peer === true;
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

function packagesOf(lockfile) {
  try {
    return JSON.parse(readFileSync(lockfile, 'utf8')).packages ?? null;
  } catch {
    return null;
  }
}

/** Whether dist/ was built from the sources as they are. */
export function isBuilt(root) {
  try {
    return readFileSync(stampOf(root), 'utf8') === fingerprint(root);
  } catch {
    return false;
  }
}

/** Notes that dist/ is built from the sources as they are; `print` is what `fingerprint` gave before the build. */
export function markBuilt(root, print) {
  writeFileSync(stampOf(root), print);
}

function stampOf(root) {
  return join(root, 'dist', '.built-from');
}

/** A hash over the names and contents of all that the build reads. */
export function fingerprint(root) {
  const hash = createHash('sha256');
  for (const file of BUILT_FROM.flatMap((path) => filesBelow(join(root, path)))) {
    hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

function filesBelow(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}

/** Installs and builds as far as needed. Two processes may call it at once: the second waits. Ends the process on failure. */
export async function prepare(root = ROOT) {
  const complaint = nodeComplaint(process.versions.node);
  if (complaint !== null) fail(complaint);
  if (isInstalled(root) && isBuilt(root)) return;

  await alone(root, () => {
    if (!isInstalled(root)) {
      step('Installing packages', root, ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
    }
    if (!isBuilt(root)) {
      const print = fingerprint(root);
      rmSync(stampOf(root), { force: true });
      step('Building', root, ['run', '--silent', 'build']);
      markBuilt(root, print);
    }
  });
}

function step(title, root, npmArgs) {
  const begun = Date.now();
  console.log(`${title} (npm ${npmArgs.filter((arg) => !arg.startsWith('-')).join(' ')}) ...`);
  // npm says where it is itself; by name it may be a script that only a shell can run.
  const npm = process.env.npm_execpath;
  const { status, error } = npm
    ? spawnSync(process.execPath, [npm, ...npmArgs], { cwd: root, stdio: 'inherit' })
    : spawnSync('npm', npmArgs, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) fail(`${title} failed${error ? `: ${error.message}` : ''}. Try: npm ${npmArgs.join(' ')}`);
  console.log(`${title}: done in ${Math.round((Date.now() - begun) / 1000)} s`);
}

/** Runs `work` while no other process prepares the same clone. */
async function alone(root, work) {
  const lock = join(tmpdir(), `countersign-prepare-${createHash('sha256').update(root).digest('hex').slice(0, 12)}`);
  while (!taken(lock)) await wait(200);
  const release = () => rmSync(lock, { force: true });
  process.once('exit', release);
  work();
  process.off('exit', release);
  release();
}

function taken(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (!holderLives(lock)) rmSync(lock, { force: true });
    return false;
  }
}

function holderLives(lock) {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await prepare();
