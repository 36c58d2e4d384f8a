import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDocumentTypes } from '../../src/config/document-types.js';
import { policyFor, type Policy } from '../../src/deal/policy.js';

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

const policiesIn = async (content: unknown): Promise<ReadonlyMap<string, Policy>> =>
  (await readFrom(content)).value ?? new Map();
const problemsOf = async (content: unknown): Promise<string> => (await readFrom(content)).problems?.join('\n') ?? '';

describe('the document types file', () => {
  it('that ships with the product holds an order form and an NDA', () => {
    const { value, problems } = readDocumentTypes(resolve('document-types.json'), 900_000);
    expect(problems).toBeUndefined();
    expect([...(value?.keys() ?? [])]).toEqual(['order-form', 'nda']);
    const DAY = 24 * 3_600_000;
    expect(value?.get('order-form')).toMatchObject({
      reviewSlaMs: DAY,
      reminders: { firstMs: 3 * DAY, everyMs: 3 * DAY, max: 3 },
      expireAfterMs: 30 * DAY,
      crmStages: { completed: 'Closed won' },
    });
  });

  it('needs no more than the name of a type', async () => {
    expect((await readFrom({ nda: {} })).value?.get('nda')).toEqual({
      provider: 'atlas',
      upload: 'multipart',
      crmStages: {},
      readBackFirstMs: 900_000,
    });
  });

  it('may name a template, of which the deal fills nothing and which is not trusted unless it says so', async () => {
    const template = { id: 'tmpl_1', prefill: { customer_name: 'company', amount: 'price' }, trusted: true };
    expect((await readFrom({ nda: { template } })).value?.get('nda')?.template).toEqual(template);
    expect((await readFrom({ nda: { template: { id: 'tmpl_1' } } })).value?.get('nda')?.template).toEqual({
      id: 'tmpl_1',
      prefill: {},
      trusted: false,
    });
  });

  it('may name how long things may take, from a second to a year', async () => {
    const reminders = { first: '1 second', every: '1 year', max: 50 };
    const { value } = await readFrom({ nda: { reviewSla: '90 minutes', reminders, expireAfter: '2s' } });
    expect(value?.get('nda')).toMatchObject({
      reviewSlaMs: 5_400_000,
      reminders: { firstMs: 1000, everyMs: 31_557_600_000, max: 50 },
      expireAfterMs: 2000,
    });
  });

  const REMINDERS = { first: '3 days', every: '3 days', max: 3 };
  const DURATION = 'must be a duration from 1 second to 1 year, with its unit';
  it.each([
    ['reviewSla', 3, `reviewSla ${DURATION}; for example "reviewSla": "1 day"`],
    ['reviewSla', '3', `reviewSla ${DURATION}`],
    ['reviewSla', 'soon', `reviewSla ${DURATION}`],
    ['reviewSla', '0 days', `reviewSla ${DURATION}`],
    ['expireAfter', '900 ms', `expireAfter ${DURATION}; for example "expireAfter": "30 days"`],
    ['expireAfter', '2 years', `expireAfter ${DURATION}`],
    ['expireAfter', null, `expireAfter ${DURATION}`],
    ['reminders', true, 'reminders must be an object with first, every and max; for example "reminders": {"first": '],
    ['reminders', { ...REMINDERS, every: 'often' }, `reminders.every ${DURATION}; for example "reminders": {"first"`],
    ['reminders', { every: '1 day', max: 1 }, `reminders.first ${DURATION}`],
    ['reminders', { first: '1 day', every: '1 day' }, 'reminders.max must be a whole number from 1 to 50'],
    ['reminders', { ...REMINDERS, max: 0 }, 'reminders.max must be from 1 to 50'],
    ['reminders', { ...REMINDERS, max: 51 }, 'reminders.max must be from 1 to 50'],
    ['reminders', { ...REMINDERS, max: 1.5 }, 'reminders.max must be a whole number from 1 to 50'],
    ['reminders', { ...REMINDERS, maximum: 3 }, 'reminders.maximum is not known; known are first, every, max'],
    ['template', 'tmpl_1', 'template must be an object with an id; for example "template": {"id": "tmpl_1"'],
    ['template', { prefill: {} }, 'template.id must be the id of a template'],
    ['template', { id: 'tmpl 1' }, 'template.id must be the id of a template, without spaces'],
    ['template', { id: 't', trusted: 'yes' }, 'template.trusted must be true or false'],
    ['template', { id: 't', prefill: ['company'] }, 'template.prefill must be an object of the property of the deal'],
    ['template', { id: 't', prefill: { name: 1 } }, 'template.prefill.name must be the name of a property of the deal'],
    ['template', { id: 't', prefil: {} }, 'template.prefil is not known; known are id, prefill, trusted'],
  ])('refuses %s: %j and says what it can be', async (key, written, problem) => {
    expect(await problemsOf({ nda: { [key]: written } })).toMatch(/^DOCUMENT_TYPES: [^\n]*$/);
    expect(await problemsOf({ nda: { [key]: written } })).toContain(`: nda.${problem}`);
  });

  it('refuses to void an envelope before its first reminder', async () => {
    const problem = /nda\.expireAfter must be longer than reminders\.first: .*; for example "expireAfter": "30 days"$/;
    expect(await problemsOf({ nda: { reminders: REMINDERS, expireAfter: '3 days' } })).toMatch(problem);
    expect(await problemsOf({ nda: { reminders: REMINDERS, expireAfter: '4 days' } })).toBe('');
  });

  it('has a stable share of deals go by each of two providers, and keeps what each of them needs apart', async () => {
    const read = await policiesIn({
      nda: {
        provider: { atlas: 20, docusign: 80 },
        upload: 'link',
        template: { id: 'tmpl_1' },
        shadow: 'atlas',
        docusign: { subject: 'Your NDA', fields: [{ kind: 'signature', role: 'Customer', anchor: '/s1/' }] },
      },
    });
    const nda = read.get('nda');
    if (!nda) throw new Error('the type is missing');
    const ids = Array.from({ length: 2000 }, (_, index) => `deal-${index}`);
    const chosen = ids.map((id) => policyFor(nda, id));
    expect(chosen).toEqual(ids.map((id) => policyFor(nda, id)));
    const byAtlas = ids.filter((_, index) => chosen[index]?.provider === 'atlas');
    expect(byAtlas.length / ids.length).toBeGreaterThan(0.16);
    expect(byAtlas.length / ids.length).toBeLessThan(0.24);
    expect(chosen.every(({ dual }) => dual === undefined)).toBe(true);
    expect(chosen.find(({ provider }) => provider === 'atlas')).toMatchObject({
      upload: 'link',
      template: { id: 'tmpl_1' },
    });
    const { docusign } = nda.dual?.policies ?? {};
    expect(docusign).toMatchObject({
      provider: 'docusign',
      upload: 'multipart',
      subject: 'Your NDA',
      shadow: 'atlas',
      fields: [{ kind: 'signature', role: 'Customer', anchor: '/s1/' }],
    });
    expect(docusign).not.toHaveProperty('template');

    const more = (await policiesIn({ nda: { provider: { atlas: 50, docusign: 50 } } })).get('nda');
    expect(byAtlas.filter((id) => more && policyFor(more, id).provider !== 'atlas')).toEqual([]);
  });

  it.each([
    [{ atlas: 20, docusign: 70 }, 'must be "atlas" or "docusign", or shares that make 100 together'],
    [{ atlas: 20.5, docusign: 79.5 }, 'must be a whole percent'],
    ['adobe', 'must be "atlas" or "docusign", or shares that make 100 together'],
    [{ adobe: 100 }, 'adobe is not known; known are atlas, docusign'],
    [7, 'must be "atlas" or "docusign", or the share of each'],
  ])('refuses the provider %j', async (provider, problem) => {
    expect(await problemsOf({ nda: { provider } })).toContain(problem);
  });

  it('refuses to skip the review', async () => {
    expect(await problemsOf({ nda: { review: 'skipped' } })).toMatch(
      /nda\.review must be "required": every document is reviewed/,
    );
  });

  it('names the type and the key of what it does not know', async () => {
    const problems = await problemsOf({ nda: { uplaod: 'base64' }, 'order-form': { crmStages: { wonn: 'Won' } } });
    expect(problems).toMatch(
      /nda\.uplaod is not known; known are provider, docusign, shadow, review, upload, template, reviewSla, .*, crmStages/,
    );
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
