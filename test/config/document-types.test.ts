import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDocumentTypes } from '../../src/config/document-types.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-types-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function readFrom(content: unknown) {
  const path = join(folder, 'document-types.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return readDocumentTypes(path, 900_000);
}

const problemsOf = async (content: unknown): Promise<string> => (await readFrom(content)).problems?.join('\n') ?? '';

describe('the document types file', () => {
  it('that ships with the product holds an order form and an NDA', () => {
    const { value, problems } = readDocumentTypes(resolve('document-types.json'), 900_000);
    expect(problems).toBeUndefined();
    expect([...(value?.keys() ?? [])]).toEqual(['order-form', 'nda']);
    expect(value?.get('order-form')?.crmStages.completed).toBe('Closed won');
  });

  it('needs no more than the name of a type', async () => {
    expect((await readFrom({ nda: {} })).value?.get('nda')).toEqual({
      provider: 'atlas',
      upload: 'multipart',
      crmStages: {},
      readBackFirstMs: 900_000,
    });
  });

  it.each(['template', 'reviewSla', 'reminders', 'expireAfter'])('refuses %s as not supported yet', async (key) => {
    expect(await problemsOf({ nda: { [key]: '1 day' } })).toMatch(
      new RegExp(`nda\\.${key} is not supported yet; leave it out$`),
    );
  });

  it.each([{ atlas: 20, docusign: 80 }, 'docusign'])(
    'refuses the provider %j as not supported yet',
    async (provider) => {
      expect(await problemsOf({ nda: { provider } })).toMatch(/nda\.provider other providers .* not supported yet$/);
    },
  );

  it('refuses to skip the review', async () => {
    expect(await problemsOf({ nda: { review: 'skipped' } })).toMatch(/nda\.review must be "required"/);
  });

  it('names the type and the key of what it does not know', async () => {
    const problems = await problemsOf({ nda: { uplaod: 'base64' }, 'order-form': { crmStages: { wonn: 'Won' } } });
    expect(problems).toMatch(/nda\.uplaod is not known; known are provider, review, upload, crmStages/);
    expect(problems).toMatch(/order-form\.crmStages\.wonn is no stage; stages are preparing, /);
  });

  it.each([
    ['text that is no JSON', '{"nda": ', /is no valid JSON/],
    ['a list', [], /must hold one object/],
    ['no type at all', {}, /names no document type/],
    ['a type that is no object', { nda: 'atlas' }, /nda must be an object/],
    ['a type name with a space', { 'order form': {} }, /"order form" is no name/],
    ['an upload nobody knows', { nda: { upload: 'carrier pigeon' } }, /nda\.upload must be "multipart"/],
    ['an empty stage name', { nda: { crmStages: { completed: ' ' } } }, /nda\.crmStages\.completed is empty/],
  ])('refuses %s', async (_what, content, problem) => {
    expect(await problemsOf(content)).toMatch(problem);
  });

  it('says when it is not there', () => {
    expect(readDocumentTypes(join(folder, 'nowhere.json'), 1).problems).toEqual([
      expect.stringMatching(/^DOCUMENT_TYPES: .*nowhere\.json: does not exist; for example/),
    ]);
  });
});
