import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DocumentSource } from '../../src/documents/documents.js';
import { createDocumentSource } from '../../src/documents/source.js';
import { aDocx, aPdf, sha256Of } from './documents.js';

describe('a draft in a file', () => {
  let home: string;
  let source: DocumentSource;
  const root = () => join(home, 'root');

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'countersign-source-'));
    await mkdir(join(root(), 'documents', 'empty'), { recursive: true });
    await mkdir(join(home, 'root-but-longer'));
    await writeFile(join(root(), 'documents', 'order form.pdf'), await aPdf());
    await writeFile(join(root(), 'documents', 'order.docx'), await aDocx());
    await writeFile(join(home, 'secret.pdf'), await aPdf());
    await writeFile(join(home, 'root-but-longer', 'secret.pdf'), await aPdf());
    await symlink(join(home, 'secret.pdf'), join(root(), 'link-out.pdf'));
    await symlink(home, join(root(), 'folder-out'));
    await symlink('documents/order.docx', join(root(), 'link-in.docx'));
    await symlink('loop.pdf', join(root(), 'loop.pdf'));
    source = createDocumentSource({ root: root() });
  });
  afterAll(async () => {
    await source.close();
    await rm(home, { recursive: true, force: true });
  });

  it('is fetched by a uri relative to the root', async () => {
    const bytes = await aDocx();
    await writeFile(join(root(), 'fresh.docx'), bytes);
    expect(await source.fetch('file:fresh.docx')).toEqual({ bytes, kind: 'docx', sha256: sha256Of(bytes) });
  });

  it.each([
    'file:documents/order%20form.pdf',
    'file:documents/order form.pdf',
    'FILE:./documents/x/../order%20form.pdf',
  ])('is fetched as %s', async (uri) => {
    expect(await source.fetch(uri)).toMatchObject({ kind: 'pdf' });
  });

  it('is fetched by an absolute uri below the root', async () => {
    const uri = pathToFileURL(join(root(), 'documents', 'order form.pdf')).href;
    expect(await source.fetch(uri)).toMatchObject({ kind: 'pdf' });
  });

  it('is fetched through a link that stays below the root', async () => {
    expect(await source.fetch('file:link-in.docx')).toMatchObject({ kind: 'docx' });
  });

  it('is fetched also when the root itself is reached through a link', async () => {
    await symlink(root(), join(home, 'alias'));
    const aliased = createDocumentSource({ root: join(home, 'alias') });
    expect(await aliased.fetch('file:link-in.docx')).toMatchObject({ kind: 'docx' });
    await aliased.close();
  });

  it.each([
    ['by dots', () => 'file:../secret.pdf'],
    ['by dots within', () => 'file:documents/../../secret.pdf'],
    ['by encoded dots', () => 'file:%2e%2e/secret.pdf'],
    ['by encoded slashes', () => 'file:..%2Fsecret.pdf'],
    ['by an absolute uri', () => pathToFileURL(join(home, 'secret.pdf')).href],
    ['by an absolute path', () => `file:${join(home, 'secret.pdf')}`],
    ['into a neighbour of a longer name', () => pathToFileURL(join(home, 'root-but-longer', 'secret.pdf')).href],
    ['through a linked file', () => 'file:link-out.pdf'],
    ['through a linked folder', () => 'file:folder-out/secret.pdf'],
    ['onto another host', () => 'file://fileserver/share/secret.pdf'],
    ['by a NUL', () => 'file:documents/order.docx%00.pdf'],
  ])('does not lead out of the root %s', async (_how, uri) => {
    await expect(source.fetch(uri())).rejects.toMatchObject({ name: 'DocumentError', kind: 'missing' });
  });

  it.each([
    ['is not there', 'file:documents/none.pdf'],
    ['is a folder', 'file:documents/empty'],
    ['is the root', 'file:.'],
    ['lies below a file', 'file:documents/order.docx/x'],
    ['is a link to itself', 'file:loop.pdf'],
    ['is a device', 'file:///dev/zero'],
    ['has a query', 'file:documents/order.docx?x'],
  ])('is missing when it %s', async (_how, uri) => {
    await expect(source.fetch(uri)).rejects.toMatchObject({ kind: 'missing' });
  });

  it('is not waited for when it is a pipe', async () => {
    execFileSync('mkfifo', [join(root(), 'pipe.pdf')]);
    await expect(source.fetch('file:pipe.pdf')).rejects.toThrow('no regular file');
  });

  it('is refused when it is too large, before it is read', async () => {
    await writeFile(join(root(), 'huge.pdf'), '%PDF-');
    await truncate(join(root(), 'huge.pdf'), 26 * 1024 * 1024);
    await expect(source.fetch('file:huge.pdf')).rejects.toMatchObject({ kind: 'refused' });
  });

  it('is not named in an error, as file names name people', async () => {
    const error = await source.fetch('file:documents/Jane%20Doe.pdf').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: 'missing', cause: undefined });
    expect(String(error)).not.toContain('Jane');
  });

  it.each(['ftp://example.com/x.pdf', 'data:application/pdf,x', 'documents/x.pdf'])(
    'is not fetched from %s',
    async (uri) => {
      await expect(source.fetch(uri)).rejects.toThrow('not supported');
    },
  );
});
