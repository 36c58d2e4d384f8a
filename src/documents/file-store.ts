/** Files signed PDFs in a folder. A file appears whole under its name or not at all, and is never replaced. */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { DocumentError, type DocumentStore } from './documents.js';
import { isBelow } from './folder-source.js';
import { sha256Of } from './recognise.js';
import { namesOfKey } from './store-keys.js';

export function createFileStore(folder: string): DocumentStore {
  const root = resolve(folder);

  return {
    async put(key, bytes, sha256) {
      if (sha256Of(bytes) !== sha256)
        throw new DocumentError('refused', 'The bytes to file do not match their sha256.');
      const path = pathOf(root, key);
      await guarded('filed', async () => {
        await mkdir(dirname(path), { recursive: true });
        await stayBelow(root, dirname(path));
        if (!(await write(path, bytes))) await sameAs(path, sha256);
        await syncFolders(dirname(path), root);
      });
      return { uri: pathToFileURL(path).href };
    },

    async find(key) {
      const path = pathOf(root, key);
      const bytes = await guarded('read', () => readIfThere(root, path));
      return bytes && { uri: pathToFileURL(path).href, bytes };
    },

    async get(uri) {
      const path = pathOfUri(root, uri);
      const bytes = await guarded('read', () => readIfThere(root, path));
      if (!bytes) throw new DocumentError('missing', 'There is no such file in DOCUMENT_STORE.');
      return bytes;
    },

    async check() {
      const probe = join(root, `.probe-${randomUUID()}`);
      await guarded('filed', async () => {
        await mkdir(root, { recursive: true });
        await write(probe, Buffer.from('probe'));
        await rm(probe, { force: true });
      });
    },
  };
}

function pathOf(root: string, key: string): string {
  return join(root, ...namesOfKey(key));
}

function pathOfUri(root: string, uri: string): string {
  const url = URL.parse(uri);
  try {
    const path = url?.protocol === 'file:' ? fileURLToPath(url) : undefined;
    if (path !== undefined && isBelow(root, path)) return path;
  } catch {
    // Falls through to the same answer: an encoded slash or a foreign host.
  }
  throw new DocumentError('missing', 'The uri does not lead into DOCUMENT_STORE.');
}

/**
 * True when the file is new, false when the name is taken. The bytes are on the disk before the name is: a link, unlike a
 * rename, does not replace what another worker has filed in between.
 */
async function write(path: string, bytes: Uint8Array): Promise<boolean> {
  const draft = join(dirname(path), `.${basename(path)}.${randomUUID()}.part`);
  try {
    const file = await open(draft, 'wx', 0o640);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function sameAs(path: string, sha256: string): Promise<void> {
  if (sha256Of(await readFile(path)) === sha256) return;
  throw new DocumentError('refused', 'Another document is already filed under this key.');
}

async function readIfThere(root: string, path: string): Promise<Uint8Array | undefined> {
  try {
    await stayBelow(root, path);
    return await readFile(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

async function stayBelow(root: string, path: string): Promise<void> {
  const [realRoot, real] = await Promise.all([realpath(root), realpath(path)]);
  if (real !== realRoot && !isBelow(realRoot, real)) {
    throw new DocumentError('missing', 'A symbolic link leads out of DOCUMENT_STORE.');
  }
}

/** A new name, and the new folders above it, survive a power cut only once their folders are synced. */
async function syncFolders(folder: string, root: string): Promise<void> {
  for (let at = folder; ; at = dirname(at)) {
    const handle = await open(at, 'r');
    await handle.sync().finally(() => handle.close());
    if (at === root || at === dirname(at)) return;
  }
}

async function guarded<T>(done: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DocumentError) throw error;
    const hint = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP'].includes(codeOf(error)) ? ' (it must support hard links)' : '';
    throw new DocumentError(
      'unavailable',
      `Nothing can be ${done} in DOCUMENT_STORE: ${codeOf(error)}. Check the folder, its permissions and its disk${hint}.`,
      error,
    );
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
