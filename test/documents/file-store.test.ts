import type * as FileSystem from 'node:fs/promises';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DocumentStore } from '../../src/documents/documents.js';
import { createFileStore } from '../../src/documents/file-store.js';
import { aPdf, sha256Of } from './documents.js';
import { keepsTheStoreContract } from './store-contract.js';

// The crash is one that only the operating system could make: the process ends between the written draft and its name.
const crash = vi.hoisted(() => ({ beforeNaming: false }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof FileSystem>();
  return {
    ...real,
    link: (from: string, to: string) => (crash.beforeNaming ? new Promise<void>(() => {}) : real.link(from, to)),
  };
});

describe('the document store in a folder', () => {
  let home: string;
  let store: DocumentStore;
  const root = () => join(home, 'documents');

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'countersign-store-'));
    store = createFileStore(root());
  });
  afterEach(async () => {
    crash.beforeNaming = false;
    await rm(home, { recursive: true, force: true });
  });

  const file = (key: string, bytes: Uint8Array) => store.put(key, bytes, sha256Of(bytes));
  const visible = async (folder: string) => (await readdir(folder)).filter((name) => !name.startsWith('.'));

  keepsTheStoreContract(() => store);

  it('files a PDF where its key says, and nothing beside it', async () => {
    const bytes = await aPdf();
    for (let time = 1; time <= 2; time += 1) {
      const { uri } = await file('deal-1/env_1.pdf', bytes);
      expect(uri).toBe(pathToFileURL(join(root(), 'deal-1', 'env_1.pdf')).href);
    }
    expect(await readFile(join(root(), 'deal-1', 'env_1.pdf'))).toEqual(bytes);
    expect(await readdir(join(root(), 'deal-1'))).toEqual(['env_1.pdf']);
  });

  it('shows nothing after a crash between the written draft and its name, and files at the next try', async () => {
    const bytes = await aPdf();
    crash.beforeNaming = true;
    void file('deal-1/env_1.pdf', bytes);
    await vi.waitFor(async () => {
      const [draft] = await readdir(join(root(), 'deal-1'));
      expect(await readFile(join(root(), 'deal-1', draft ?? ''))).toEqual(bytes);
    });
    expect(await visible(join(root(), 'deal-1'))).toEqual([]);
    expect(await store.find('deal-1/env_1.pdf')).toBeUndefined();
    crash.beforeNaming = false;
    await file('deal-1/env_1.pdf', bytes);
    expect(await visible(join(root(), 'deal-1'))).toEqual(['env_1.pdf']);
  });

  it('leaves nothing behind of a key that it refuses', async () => {
    for (const key of ['../out.pdf', 'a/../../out.pdf', '/etc/out.pdf']) {
      await expect(file(key, await aPdf())).rejects.toMatchObject({ kind: 'refused' });
    }
    expect(await readdir(home)).toEqual([]);
  });

  it('keeps odd keys below its folder', async () => {
    const keys = ['deal:1/a b.pdf', 'deal:1/a\\..\\..\\a.pdf', 'deal:1/a\0b.pdf'];
    for (const key of keys) {
      const { uri } = await file(key, await aPdf());
      expect(fileURLToPath(uri).startsWith(root())).toBe(true);
    }
  });

  it('gives nothing from outside its folder', async () => {
    await mkdir(root());
    await writeFile(join(home, 'secret.pdf'), 'secret');
    const outside = [join(home, 'secret.pdf'), '/etc/passwd'].map((path) => pathToFileURL(path).href);
    const dotted = `${pathToFileURL(root()).href}/%2e%2e/secret.pdf`;
    for (const uri of [...outside, dotted, 'https://example.com/x', 'no uri', pathToFileURL(root()).href]) {
      await expect(store.get(uri)).rejects.toMatchObject({ kind: 'missing' });
    }
  });

  it('follows no symbolic link out of its folder', async () => {
    await mkdir(join(home, 'elsewhere'));
    await mkdir(root());
    await symlink(join(home, 'elsewhere'), join(root(), 'deal-1'));
    await expect(file('deal-1/env_1.pdf', await aPdf())).rejects.toMatchObject({ kind: 'missing' });
    expect(await readdir(join(home, 'elsewhere'))).toEqual([]);
    await writeFile(join(home, 'elsewhere', 'x.pdf'), 'secret');
    await expect(store.find('deal-1/x.pdf')).rejects.toMatchObject({ kind: 'missing' });
  });

  it('makes its folder when checked and leaves nothing in it', async () => {
    await store.check();
    expect(await readdir(root())).toEqual([]);
  });

  it('says what to look at when its folder cannot be made', async () => {
    await writeFile(join(home, 'a-file'), '');
    const broken = createFileStore(join(home, 'a-file', 'documents'));
    await expect(broken.check()).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(broken.check()).rejects.toThrow('Check the folder');
  });
});
