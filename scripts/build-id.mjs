// What names a build: BUILD_ID, else the commit that is checked out, with a mark of its own where something is not committed.
import { spawnSync } from 'node:child_process';
import { fingerprint } from './prepare.mjs';

/** Of the clone at `root`; empty where neither is known, as in an archive of the sources. Throws on a BUILD_ID that no worker would take. */
export function buildId(root, env) {
  if (env.BUILD_ID) {
    if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(env.BUILD_ID)) return env.BUILD_ID;
    throw new Error('BUILD_ID: must be 1 to 100 letters, digits or . _ -; for example BUILD_ID=4f2c9d1e07ab');
  }
  const commit = git(root, 'rev-parse', '--short=12', 'HEAD');
  // A folder without git of its own may lie in the clone of something else.
  if (!commit || git(root, 'rev-parse', '--show-prefix') !== '') return '';
  const changes = git(root, 'status', '--porcelain', '--', 'src', 'package-lock.json');
  return changes === '' ? commit : `${commit}-${fingerprint(root).slice(0, 8)}`;
}

function git(root, ...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 });
  return status === 0 ? stdout.trim() : undefined;
}
