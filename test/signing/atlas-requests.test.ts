import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Party } from '../../src/deal/party.js';
import { createAtlasProvider } from '../../src/signing/atlas/provider.js';
import type { EnvelopeDraft } from '../../src/signing/provider.js';
import { aClient, API_KEY, aServer, errorOf, json, type LocalServer } from './local-atlas.js';

const PARTIES: Party[] = [
  { email: 'ann@customer.test', name: 'Ann', role: 'Customer', order: 1, kind: 'signer' },
  { email: 'files@customer.test', order: 2, kind: 'cc' },
];
const WIRE_PARTIES = [
  { email: 'ann@customer.test', name: 'Ann', role: 'Customer', order: 1 },
  { email: 'files@customer.test', order: 2, role_type: 'cc' },
];
const METADATA = { external_id: 'deal-1/r1', client_reference_id: '1' };
const PDF_BYTES = new TextEncoder().encode('%PDF-1.7 not really\n\x00\xff');

function aDraft(change: Partial<EnvelopeDraft> = {}): EnvelopeDraft {
  return {
    document: { name: 'order-form.pdf', contentType: 'application/pdf', bytes: PDF_BYTES },
    transport: 'multipart',
    parties: PARTIES,
    webhookUrl: 'https://deals.test/webhooks/atlas',
    externalId: 'deal-1/r1',
    clientReferenceId: '1',
    ...change,
  };
}

async function anAtlas(): Promise<LocalServer> {
  return aServer((_asked, response) =>
    json(response, 201, { envelope_id: 'env-1', review_url: 'https://atlas.test/review/env-1?rt=r' }),
  );
}

function bodyOf(server: LocalServer, call = 0): unknown {
  return JSON.parse(server.asked[call]?.body.toString() ?? '') as unknown;
}

/** The parts of a multipart body by name, with Node's own parser. */
async function formOf(server: LocalServer): Promise<FormData> {
  const asked = server.asked[0];
  return new Response(asked?.body, { headers: { 'content-type': asked?.headers['content-type'] ?? '' } }).formData();
}

function parsed(part: unknown): unknown {
  return typeof part === 'string' ? JSON.parse(part) : part;
}

describe('a draft', () => {
  it('travels as a file with parties and metadata as one JSON text each', async () => {
    const server = await anAtlas();
    const created = await createAtlasProvider(aClient(server.url)).createEnvelope(aDraft(), 'deal-1/r1/create/0');
    expect(created).toEqual({ envelopeId: 'env-1', reviewUrl: 'https://atlas.test/review/env-1?rt=r' });
    const asked = server.asked[0];
    expect(`${asked?.method} ${asked?.url}`).toBe('POST /api/envelope');
    expect(asked?.headers).toMatchObject({
      authorization: `Bearer ${API_KEY}`,
      'idempotency-key': 'deal-1/r1/create/0',
    });
    const form = await formOf(server);
    expect([...form.keys()].sort()).toEqual(['file', 'metadata', 'parties', 'webhook_url']);
    expect(form.getAll('parties').map(parsed)).toEqual([WIRE_PARTIES]);
    expect(form.getAll('metadata').map(parsed)).toEqual([METADATA]);
    expect(form.get('webhook_url')).toBe('https://deals.test/webhooks/atlas');
    const file = form.get('file');
    if (file === null || typeof file === 'string') throw new Error('the file is no file');
    expect(file).toMatchObject({ name: 'order-form.pdf', type: 'application/pdf' });
    expect(new Uint8Array(await file.arrayBuffer())).toEqual(PDF_BYTES);
  });

  it('travels as base64 in JSON, of exactly the document’s part of a larger buffer', async () => {
    const server = await anAtlas();
    const pool = new Uint8Array([9, ...PDF_BYTES, 9]);
    const document = { name: 'a.pdf', contentType: 'application/pdf', bytes: pool.subarray(1, -1) } as const;
    await createAtlasProvider(aClient(server.url)).createEnvelope(aDraft({ transport: 'base64', document }), 'k');
    expect(server.asked[0]?.headers['content-type']).toBe('application/json');
    expect(bodyOf(server)).toEqual({
      document: Buffer.from(PDF_BYTES).toString('base64'),
      parties: WIRE_PARTIES,
      webhook_url: 'https://deals.test/webhooks/atlas',
      metadata: METADATA,
      auto_send: false,
    });
  });

  it('travels as a link that Atlas fetches itself', async () => {
    const server = await anAtlas();
    const draft = aDraft({ transport: 'link', documentUrl: 'https://files.test/a.pdf' });
    delete draft.document;
    await createAtlasProvider(aClient(server.url)).createEnvelope(draft, 'k');
    expect(bodyOf(server)).toMatchObject({ document_url: 'https://files.test/a.pdf', auto_send: false });
  });

  it.each(['multipart', 'base64', 'link'] as const)(
    'carries the CRM’s own metadata below the references it is found by (%s)',
    async (transport) => {
      const server = await anAtlas();
      const metadata = { stripe_customer_id: 'cus_1', external_id: 'deal-9/r9', client_reference_id: '9' };
      const draft = aDraft({ transport, documentUrl: 'https://files.test/a.pdf', metadata });
      await createAtlasProvider(aClient(server.url)).createEnvelope(draft, 'k');
      const sent =
        transport === 'multipart'
          ? parsed((await formOf(server)).get('metadata'))
          : z.looseObject({ metadata: z.unknown() }).parse(bodyOf(server)).metadata;
      expect(sent).toEqual({ stripe_customer_id: 'cus_1', ...METADATA });
    },
  );

  it('without its document is refused before anything is asked', async () => {
    const server = await anAtlas();
    const provider = createAtlasProvider(aClient(server.url));
    const draft = aDraft();
    delete draft.document;
    expect(await errorOf(provider.createEnvelope(draft, 'k'))).toMatchObject({ kind: 'invalid' });
    expect(await errorOf(provider.createEnvelope({ ...draft, transport: 'link' }, 'k'))).toMatchObject({
      kind: 'invalid',
    });
    expect(server.asked).toEqual([]);
  });

  it.each([
    [{ id: 'env-1' }],
    [{ envelope: { id: 'env-1' }, success: true }],
    [{ data: { envelope_id: 'env-1' } }],
    [{ data: { envelope: { id: 'env-1' } }, id: 'request-9' }],
  ])('is recognised in the answer %j', async (answer) => {
    const server = await aServer((_asked, response) => json(response, 200, answer));
    expect(await createAtlasProvider(aClient(server.url)).createEnvelope(aDraft(), 'k')).toEqual({
      envelopeId: 'env-1',
      reviewUrl: null,
    });
  });

  it('gets no review link that is not of the web', async () => {
    const server = await aServer((_asked, response) =>
      json(response, 200, { id: 'e', review_url: 'javascript:alert(1)' }),
    );
    expect(await createAtlasProvider(aClient(server.url)).createEnvelope(aDraft(), 'k')).toMatchObject({
      reviewUrl: null,
    });
  });
});

describe('idempotency', () => {
  it('two attempts of create, send and template send carry the same key', async () => {
    let attempts = 0;
    const server = await aServer((_asked, response) => {
      attempts += 1;
      if (attempts % 2 === 1) response.destroy();
      else json(response, 200, { envelope_id: 'env-1' });
    });
    const provider = createAtlasProvider(aClient(server.url));
    const steps = [
      () => provider.createEnvelope(aDraft(), 'deal-1/r1/create/0'),
      () => provider.sendEnvelope('env-1', { parties: PARTIES, fieldsVersion: 1 }, 'deal-1/r1/send/0'),
      () =>
        provider.sendTemplate(
          { ...aDraft(), templateId: 't', prefill: {}, autoSend: true },
          'deal-1/r1/template-send/0',
        ),
    ];
    for (const step of steps) {
      expect(await errorOf(step())).toMatchObject({ kind: 'unreachable' });
      await step();
    }
    expect(server.asked.map((asked) => asked.headers['idempotency-key'])).toEqual([
      'deal-1/r1/create/0',
      'deal-1/r1/create/0',
      'deal-1/r1/send/0',
      'deal-1/r1/send/0',
      'deal-1/r1/template-send/0',
      'deal-1/r1/template-send/0',
    ]);
  });
});

describe('an envelope', () => {
  it('is sent with its parties, and with the fields version only where one is known', async () => {
    const server = await anAtlas();
    const provider = createAtlasProvider(aClient(server.url));
    await provider.sendEnvelope('env-1', { parties: PARTIES, fieldsVersion: 3 }, 'k');
    await provider.sendEnvelope('env-1', { parties: PARTIES, fieldsVersion: null }, 'k');
    expect(server.asked[0]?.url).toBe('/api/envelope/env-1/send');
    expect(bodyOf(server, 0)).toEqual({ parties: WIRE_PARTIES, fields_version: 3 });
    expect(bodyOf(server, 1)).toEqual({ parties: WIRE_PARTIES });
  });

  it('is patched, voided and reminded', async () => {
    const server = await aServer((_asked, response) => json(response, 200, { data: { fields_version: 5 } }));
    const client = aClient(server.url);
    expect(await client.envelopes.patchFields('e', { fieldsVersion: 4, fields: [{ type: 'text' }] })).toEqual({
      fieldsVersion: 5,
    });
    await client.envelopes.void('e', 'new terms');
    await client.envelopes.remind('e');
    expect(server.asked.map((asked) => `${asked.method} ${asked.url}`)).toEqual([
      'PATCH /api/envelope/e/fields',
      'POST /api/envelope/e/void',
      'POST /api/envelope/e/remind',
    ]);
    expect(bodyOf(server, 0)).toEqual({ fields_version: 4, fields: [{ type: 'text' }] });
    expect(bodyOf(server, 1)).toEqual({ reason: 'new terms' });
  });

  it.each(['', 'OK', '[]', '{"fields_version":"odd"}'])('is sent, whatever a 2xx says: %j', async (body) => {
    const server = await aServer((_asked, response) => response.writeHead(body === '' ? 204 : 202).end(body));
    const { envelopes } = aClient(server.url);
    await expect(envelopes.send('e', { parties: PARTIES, fieldsVersion: 1 }, 'k')).resolves.toBeUndefined();
    expect(await envelopes.patchFields('e', { fieldsVersion: 1, fields: [] })).toEqual({ fieldsVersion: null });
  });

  it('of an odd id stays within its own route', async () => {
    const server = await anAtlas();
    const { envelopes } = aClient(server.url);
    await envelopes.get('a/../b?c=d#e');
    expect(server.asked[0]?.url).toBe('/api/envelope/a%2F..%2Fb%3Fc%3Dd%23e');
    for (const id of ['', '.', '..']) expect(await errorOf(envelopes.remind(id))).toMatchObject({ kind: 'invalid' });
    expect(server.asked).toHaveLength(1);
  });

  it('is found below a base address with a path of its own', async () => {
    const server = await anAtlas();
    await aClient(`${server.url}/atlas/`).envelopes.get('env-1');
    expect(server.asked[0]?.url).toBe('/atlas/api/envelope/env-1');
  });
});

describe('a template', () => {
  it.each([
    [{ id: 't', name: 'Order form', roles: ['Customer'], prefill_keys: ['company'], ready: true }],
    [
      {
        template: {
          name: 'Order form',
          roles: [{ role_name: 'Customer' }],
          prefill_keys: [{ key: 'company' }],
          ready: true,
        },
      },
    ],
    [{ data: { name: 'Order form', parties_for_send: [{ role: 'Customer' }], prefill: { company: '' }, ready: true } }],
  ])('is read from %j', async (answer) => {
    const server = await aServer((_asked, response) => json(response, 200, answer));
    expect(await aClient(server.url).templates.get('t')).toEqual({
      id: 't',
      name: 'Order form',
      roles: ['Customer'],
      prefillKeys: ['company'],
      ready: true,
      version: null,
      updatedAt: null,
    });
  });

  it('without roles is unreadable, and a failure is not taken for an envelope’s', async () => {
    const server = await aServer((_asked, response) => json(response, 200, { id: 't' }));
    const error = await errorOf(aClient(server.url).templates.get('t'));
    expect(error).toMatchObject({ kind: 'unreadable', envelopeId: undefined });
    expect(error.message).toContain('roles');
  });
});
