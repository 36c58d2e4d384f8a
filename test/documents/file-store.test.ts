import type * as FileSystem from 'node:fs/promises';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DocumentStore } from '../../src/documents/documents.js';
import { createFileStore } from '../../src/documents/file-store.js';
import { aPdf, sha256Of } from './documents.js';

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

  it('files a signed PDF, finds it by its key and gives it back by its uri', async () => {
    const bytes = await aPdf();
    const { uri } = await file('deal-1/env_1.pdf', bytes);
    expect(uri).toBe(pathToFileURL(join(root(), 'deal-1', 'env_1.pdf')).href);
    expect(await store.get(uri)).toEqual(bytes);
    expect(await store.find('deal-1/env_1.pdf')).toEqual({ uri, bytes });
  });

  it('finds nothing where nothing was filed', async () => {
    expect(await store.find('deal-1/env_1.pdf')).toBeUndefined();
    await file('deal-1/env_1.pdf', await aPdf());
    expect(await store.find('deal-1/env_2.pdf')).toBeUndefined();
    expect(await store.find('deal-1/env_1.pdf/x')).toBeUndefined();
  });

  it('changes nothing when the same bytes are filed again', async () => {
    const bytes = await aPdf();
    const first = await file('deal-1/env_1.pdf', bytes);
    expect(await file('deal-1/env_1.pdf', bytes)).toEqual(first);
    expect(await readdir(join(root(), 'deal-1'))).toEqual(['env_1.pdf']);
  });

  it('refuses other bytes under a taken key and keeps what is filed', async () => {
    const bytes = await aPdf(1);
    const { uri } = await file('deal-1/env_1.pdf', bytes);
    await expect(file('deal-1/env_1.pdf', await aPdf(2))).rejects.toMatchObject({ kind: 'refused' });
    expect(await store.get(uri)).toEqual(bytes);
  });

  it('lets one of two different PDFs win when two workers file them together', async () => {
    const both = [await aPdf(1), await aPdf(2)];
    const ends = await Promise.allSettled(both.map((bytes) => file('deal-1/env_1.pdf', bytes)));
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const winner = both[ends.findIndex(({ status }) => status === 'fulfilled')];
    expect((await store.find('deal-1/env_1.pdf'))?.bytes).toEqual(winner);
  });

  it('refuses bytes that do not match their sha256', async () => {
    await expect(store.put('a.pdf', await aPdf(), sha256Of(Buffer.from('else')))).rejects.toThrow('sha256');
    expect(await store.find('a.pdf')).toBeUndefined();
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

  it.each(['../out.pdf', 'a/../../out.pdf', '/etc/out.pdf', 'a//b.pdf', '.hidden', '', `${'x'.repeat(300)}.pdf`])(
    'refuses the key %j',
    async (key) => {
      await expect(file(key, await aPdf())).rejects.toMatchObject({ kind: 'refused' });
      expect(await readdir(home)).toEqual([]);
    },
  );

  it('keeps odd keys below its folder and apart from each other', async () => {
    const keys = ['deal:1/a b.pdf', 'deal%3A1/a b.pdf', 'deal:1/a\\..\\..\\a.pdf', 'deal:1/a\0b.pdf'];
    const uris = await Promise.all(keys.map(async (key, at) => (await file(key, await aPdf(at + 1))).uri));
    expect(new Set(uris).size).toBe(keys.length);
    for (const uri of uris) expect(fileURLToPath(uri).startsWith(root())).toBe(true);
    for (const key of keys) expect(await store.find(key)).toBeDefined();
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
