/** The table of what the client uses must be what it does use, or the doctor compares the wrong things. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Party } from '../../src/deal/party.js';
import {
  changedSchema,
  createdSchema,
  envelopeSchema,
  listSchema,
  statusSchema,
  templateSchema,
} from '../../src/signing/atlas/schemas.js';
import { ATLAS_USAGE, type RouteUsage } from '../../src/signing/atlas/usage.js';
import { aClient, aServer, json, type Asked } from './local-atlas.js';

const BARE: Party[] = [{ email: 'ada@customer.example', order: 1, kind: 'signer' }];
const FULL: Party[] = [
  { email: 'ada@customer.example', name: 'Ada', role: 'Customer', order: 1, kind: 'signer' },
  { email: 'cy@seller.example', name: 'Cy', role: 'Copy', order: 2, kind: 'cc' },
];

const METADATA = { external_id: 'deal-42/r1', client_reference_id: '42' };

/** Every call that the client can make, with as little and with as much as it can carry. */
async function everyCall(): Promise<Asked[]> {
  const server = await aServer(({ url }, response) =>
    url.endsWith('/pdf')
      ? response.writeHead(200, { 'content-type': 'application/pdf' }).end('%PDF-')
      : json(response, 200, { envelope_id: 'env_1', status: 'pending', envelopes: [], roles: [] }),
  );
  const { envelopes, templates, ...client } = aClient(server.url);
  const document = { bytes: Buffer.from('%PDF-'), contentType: 'application/pdf', name: 'a.pdf' } as const;
  for (const parties of [BARE, FULL]) {
    const request = { parties, webhookUrl: 'https://c.example/webhooks/atlas', metadata: METADATA };
    await envelopes.createFromFile(document, request, 'key');
    await envelopes.createFromBase64(document, request, 'key');
    await envelopes.createFromUrl('https://c.example/a.pdf', request, 'key');
    await envelopes.send('env_1', { parties, fieldsVersion: parties === BARE ? null : 3 }, 'key');
    await templates.send('tmpl_1', { ...request, prefill: { customer: 'Acme' }, autoSend: false }, 'key');
  }
  await envelopes.get('env_1');
  await envelopes.status('env_1');
  await envelopes.patchFields('env_1', { fieldsVersion: 1, fields: [{ id: 'f_1' }] });
  await envelopes.void('env_1', 'why');
  await envelopes.remind('env_1');
  await envelopes.list();
  await envelopes.list({ status: 'pending', externalId: 'deal-42/r1', next: 'abc', page: 2 });
  await templates.get('tmpl_1');
  await client.downloadSignedPdf('env_1');
  return server.asked;
}

const routeOf = ({ method, url }: Asked): string =>
  `${method} ${(url.split('?')[0] ?? '').replace(/\/(env|tmpl)_1/, '/{id}')}`;
const nameOf = ({ method, route }: RouteUsage): string => `${method} ${route}`;

/** `parties`, `parties[].email`; of free keys only their holder. */
function pathsIn(value: Record<string, unknown>): string[] {
  return Object.entries(value).flatMap(([name, entry]) => {
    const rows = name === 'parties' ? z.array(z.record(z.string(), z.unknown())).safeParse(entry).data : undefined;
    return [name, ...(rows ?? []).flatMap((row) => Object.keys(row).map((field) => `${name}[].${field}`))];
  });
}

async function bodyOf({ headers, body }: Asked): Promise<{ type: string; paths: string[] }> {
  const type = (headers['content-type'] ?? '').split(';')[0] ?? '';
  if (type !== 'multipart/form-data')
    return { type, paths: pathsIn(z.looseObject({}).parse(JSON.parse(body.toString()))) };
  const fields = [...body.toString('latin1').matchAll(/form-data; name="([^"]+)"/g)].map(([, name]) => name ?? '');
  return { type, paths: fields };
}

describe('the table of what the client uses of Atlas', () => {
  it('has the routes that the client calls, no more and no fewer', async () => {
    const called = new Set((await everyCall()).map(routeOf));
    expect([...called].sort()).toEqual(ATLAS_USAGE.map(nameOf).sort());
  });

  it('has every route that stands anywhere in the client’s code', () => {
    const folder = fileURLToPath(new URL('../../src/signing/atlas/', import.meta.url));
    const others = ['usage.ts', 'api-description.ts'];
    const code = readdirSync(folder)
      .filter((file) => !others.includes(file))
      .map((file) => readFileSync(`${folder}/${file}`, 'utf8').replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, ''))
      .join('\n');
    const found = [...code.matchAll(/['"`](?:GET )?\/?(api\/[^'"`\s]+)/g)].map(
      ([, route = '']) => `/${route.replace(/\$\{.*\}/, '{id}').replace(/\/$/, '')}`,
    );
    expect([...new Set(found)].sort()).toEqual([...new Set(ATLAS_USAGE.map(({ route }) => route))].sort());
  });

  it('has what the client sends: always, and sometimes', async () => {
    const asked = await everyCall();
    for (const usage of ATLAS_USAGE) {
      const own = asked.filter((one) => routeOf(one) === nameOf(usage));
      const query = new Set(own.flatMap(({ url }) => [...new URL(url, 'http://a').searchParams.keys()]));
      expect([...query].sort(), nameOf(usage)).toEqual(usage.query.flat().sort());

      const sent = await Promise.all(own.filter(({ method }) => method !== 'GET').map(bodyOf));
      const told = usage.bodies.map(({ type, always, sometimes }) => {
        const bodies = sent.filter((body) => body.type === type && always.every((path) => body.paths.includes(path)));
        expect(bodies.length, `${nameOf(usage)} as ${type} with ${always.join(', ')}`).toBeGreaterThan(0);
        const all = [...new Set(bodies.flatMap(({ paths }) => paths))];
        const each = all.filter((path) => bodies.every(({ paths }) => paths.includes(path)));
        expect(each.sort(), nameOf(usage)).toEqual([...always].sort());
        expect(all.sort(), nameOf(usage)).toEqual([...always, ...sometimes].sort());
        return bodies.length;
      });
      expect(
        told.reduce((sum, count) => sum + count, 0),
        nameOf(usage),
      ).toBe(sent.length);
    }
  });

  const READ: [route: string, schema: z.ZodType][] = [
    ['POST /api/envelope', createdSchema],
    ['POST /api/templates/{id}/send', createdSchema],
    ['GET /api/envelope/{id}', envelopeSchema],
    ['GET /api/envelope/{id}/status', statusSchema],
    ['POST /api/envelope/{id}/send', changedSchema],
    ['PATCH /api/envelope/{id}/fields', changedSchema],
    ['POST /api/envelope/{id}/void', changedSchema],
    ['POST /api/envelope/{id}/remind', changedSchema],
    ['GET /api/envelopes', listSchema],
    ['GET /api/templates/{id}', templateSchema],
  ];

  it.each(READ)('has what the client reads of the answer to %s', (route, schema) => {
    const usage = ATLAS_USAGE.find((one) => nameOf(one) === route);
    const told = usage?.answer.flatMap(({ names }) => names) ?? [];
    const read = fieldsOf(schema).filter((path) => !path.startsWith('rows'));
    expect(read.filter((path) => !told.includes(path))).toEqual([]);
    // Other spellings are read before the schema: they stand in the code.
    const source = readFileSync(new URL('../../src/signing/atlas/schemas.ts', import.meta.url), 'utf8');
    const spellings = told.filter((path) => !read.includes(path));
    expect(spellings.filter((name) => !new RegExp(`\\.${name}\\b|[{ ]${name}[,:} ]`).test(source))).toEqual([]);
    const columns = usage?.rows?.flatMap(({ names }) => names) ?? [];
    expect(columns.filter((path) => ![...fieldsOf(envelopeSchema), 'id'].includes(path))).toEqual([]);
  });

  it('has all routes whose answers are read, and knows the words that are', () => {
    const withPdf = [...READ.map(([route]) => route), 'GET /api/envelope/{id}/pdf'];
    expect(withPdf.sort()).toEqual(ATLAS_USAGE.map(nameOf).sort());
    for (const usage of ATLAS_USAGE.filter(({ route }) => /\{id\}(\/status)?$/.test(route))) {
      const words = usage.answer.find(({ names }) => names.includes('status'))?.words ?? [];
      for (const status of words) expect(statusSchema.parse({ status }).status).toBe(status);
    }
  });
});

/** The fields of an object schema, whatever it is wrapped in. */
function fieldsOf(schema: unknown): string[] {
  if (schema instanceof z.ZodPipe) {
    const out = fieldsOf(schema.out);
    return out.length > 0 ? out : fieldsOf(schema.in);
  }
  if (schema instanceof z.ZodCatch || schema instanceof z.ZodNullable || schema instanceof z.ZodOptional) {
    return fieldsOf(schema.unwrap());
  }
  if (schema instanceof z.ZodArray) return fieldsOf(schema.element).map((path) => `[].${path}`);
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([name, entry]) => [
    name,
    ...fieldsOf(entry).map((path) => (path.startsWith('[]') ? `${name}${path}` : `${name}.${path}`)),
  ]);
}
