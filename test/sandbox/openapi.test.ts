/** What the sandbox publishes of its API is what it really gives. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { findDrift } from '../../src/signing/atlas/drift.js';
import { aForm, anAtlasSandbox, type Answered, type AtlasSandbox } from './an-atlas-sandbox.js';

interface Document {
  paths: Record<
    string,
    Record<string, { responses?: Record<string, { content?: Record<string, { schema: object }> }> }>
  >;
  components: object;
}

async function documentOf(atlas: AtlasSandbox, place = '/openapi.json'): Promise<Document> {
  return JSON.parse((await atlas.call('GET', place)).text) as Document;
}

/** The schema with every object closed: nothing may come that is not described. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([name, part]) => [name, closed(part)]));
  return 'properties' in inner && !('additionalProperties' in inner)
    ? { ...inner, additionalProperties: false }
    : inner;
}

/** Fails unless the answer is just as the document says. */
function expectDescribed(document: Document, method: string, path: string, answered: Answered): void {
  const where = `${method} ${path} ${answered.status}`;
  const operation = document.paths[path]?.[method.toLowerCase()];
  const schema = operation?.responses?.[answered.status]?.content?.['application/json']?.schema;
  expect(schema, where).toBeDefined();
  const ajv = addFormats.default(new Ajv2020({ strict: false }));
  const validate = ajv.compile(closed({ ...schema, components: document.components }) as object);
  expect(validate(answered.body), `${where}: ${ajv.errorsText(validate.errors)} ${answered.text}`).toBe(true);
}

const PARTIES = [
  { email: 'ana@customer.example', name: 'Ana Ferreira', role: 'Customer' },
  { email: 'bob@company.example', role: 'Company' },
  { email: 'cy@company.example', role_type: 'cc' },
];

describe('the sandbox’s description of its API', () => {
  it.each([
    { id_key: 'envelope_id', created_status: 201 },
    { id_key: 'id', created_status: 200 },
  ])('is true of every answer, with $id_key and $created_status', async (settings) => {
    const atlas = await anAtlasSandbox({ settings: { ...settings, detection_ms: 1 } as object });
    const document = await documentOf(atlas);
    const check = async (
      method: string,
      path: string,
      id: string,
      body?: unknown,
      headers: Record<string, string> = {},
    ): Promise<Answered> => {
      const answered = await atlas.call(method, path.replace('{id}', id), body, headers);
      expectDescribed(document, method, path.split('?')[0] ?? '', answered);
      return answered;
    };
    const idOf = ({ body }: Answered): string => body.envelope_id ?? body.id;
    const metadata = { external_id: 'deal-1', next: { free: true } };
    const form = aForm({ parties: JSON.stringify(PARTIES), metadata: JSON.stringify(metadata) });
    const signed = idOf(await check('POST', '/api/envelope', '', form));
    await atlas.detected(signed);
    const draft = await check('GET', '/api/envelope/{id}', signed);
    await check('PATCH', '/api/envelope/{id}/fields', signed, { fields_version: 1, fields: draft.body.fields });
    await check('POST', '/api/envelope/{id}/send', signed, { parties: PARTIES });
    await check('GET', '/api/envelope/{id}/status', signed);
    await check('POST', '/api/envelope/{id}/remind', signed, {});
    const { parties } = await atlas.record(signed);
    await check('GET', `/api/envelope/{id}?t=${parties[0]?.token}`, signed);
    await atlas.sign(signed);
    await atlas.sign(signed);
    expect((await check('GET', '/api/envelope/{id}', signed)).body.signed_download_url).toBeTruthy();
    await check('GET', '/api/envelope/{id}/status', signed);

    const template = { parties: PARTIES.slice(0, 2), prefill: { amount: '1' }, auto_send: true };
    await check('GET', '/api/templates/{id}', 'tmpl_1');
    const declined = idOf(await check('POST', '/api/templates/{id}/send', 'tmpl_1', template));
    const [first] = (await atlas.record(declined)).parties;
    const signer = { authorization: `Bearer ${first?.token}` };
    await check('POST', '/api/envelope/{id}/decline', declined, { reason: 'no' }, signer);
    await check('GET', '/api/envelope/{id}', declined);
    const voided = idOf(await check('POST', '/api/templates/{id}/send', 'tmpl_1', { ...template, auto_send: false }));
    await check('POST', '/api/envelope/{id}/void', voided, { reason: 'no' });
    expect((await check('GET', '/api/envelopes', '')).body.envelopes).toHaveLength(3);
  });

  it('has all routes of the API, and no others', async () => {
    const document = await documentOf(await anAtlasSandbox());
    const described = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item)
        .filter((name) => name !== 'parameters')
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    const folder = fileURLToPath(new URL('../../src/sandbox/routes/', import.meta.url));
    const served = readdirSync(folder).flatMap((file) =>
      [...readFileSync(`${folder}/${file}`, 'utf8').matchAll(/method: '(\w+)', url: '(\/api\/[^']+)'/g)].map(
        ([, method, url]) => `${method} ${url?.replace(':id', '{id}')}`,
      ),
    );
    expect(described.sort()).toEqual(served.sort());
  });

  it('stands at both places, open to all, and is all that the client knows', async () => {
    const atlas = await anAtlasSandbox();
    const answered = await fetch(`${atlas.sandbox.url}/openapi.json`);
    expect(answered.headers.get('content-type')).toContain('application/json');
    const document: unknown = await answered.json();
    expect(await documentOf(atlas, '/api/openapi.json')).toEqual(document);
    expect(findDrift(document)).toEqual([]);
  });

  it('can have moved on, or be gone', async () => {
    const atlas = await anAtlasSandbox({ settings: { openapi: 'drifted' } });
    expect(findDrift(await documentOf(atlas)).length).toBeGreaterThan(5);
    await atlas.settings({ openapi: 'missing' });
    expect((await atlas.call('GET', '/openapi.json')).status).toBe(404);
    await atlas.settings({ openapi: 'own' });
    expect(findDrift(await documentOf(atlas))).toEqual([]);
  });
});
