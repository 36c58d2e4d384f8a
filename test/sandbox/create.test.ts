import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { aCreate, aForm, anAtlasSandbox } from './an-atlas-sandbox.js';
import { aDocx, aPdf } from './documents.js';

describe('creating an envelope', () => {
  it('answers with an id and a review link, and spends nothing and writes to nobody', async () => {
    const atlas = await anAtlasSandbox();
    const created = await atlas.call('POST', '/api/envelope', aCreate());
    expect(created.status).toBe(201);
    expect(created.body.envelope_id).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    expect(created.body.review_url).toMatch(
      new RegExp(`^${atlas.sandbox.url}/review/${created.body.envelope_id}\\?rt=[\\w-]{20,}$`),
    );
    expect(await atlas.state()).toMatchObject({
      envelopes: 1,
      drafts: 1,
      sends: 0,
      mails: 0,
      credits: { 'sandbox-key': 5 },
    });
  });

  it('takes a file by multipart, with parties and metadata as JSON strings', async () => {
    const atlas = await anAtlasSandbox();
    const parties = JSON.stringify([{ email: 'ana@customer.example' }]);
    const form = aForm({ parties, metadata: JSON.stringify({ external_id: 'deal-1' }) });
    const created = await atlas.call('POST', '/api/envelope', form);
    expect(created.status).toBe(201);
    const envelope = await atlas.get(`/api/envelope/${created.body.envelope_id}`);
    expect(envelope).toMatchObject({
      status: 'draft',
      document: { name: 'order.pdf', source: 'pdf' },
      parties: [{ email: 'ana@customer.example', order: 1 }],
      metadata: { external_id: 'deal-1' },
    });
  });

  it('fetches the document from document_url', async () => {
    const pdf = await aPdf(3);
    const files = createServer((request, response) => {
      if (request.url === '/contracts/order.pdf') response.end(pdf);
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void files.close());
    const origin = `http://127.0.0.1:${(files.address() as AddressInfo).port}`;
    const atlas = await anAtlasSandbox();
    const id = await atlas.draft({ document: undefined, document_url: `${origin}/contracts/order.pdf` });
    expect((await atlas.get(`/api/envelope/${id}`)).document).toMatchObject({ name: 'order.pdf', pages: 3 });
    const missing = await atlas.call('POST', '/api/envelope', { document_url: `${origin}/gone.pdf` });
    expect(missing.status).toBe(400);
    expect(missing.body.message).toContain('document_url');
  });

  it('converts DOCX to PDF', async () => {
    const atlas = await anAtlasSandbox();
    const docx = await aDocx('Order form', ['The customer buys.']);
    const id = await atlas.draft({ document: docx.toString('base64') });
    expect((await atlas.get(`/api/envelope/${id}`)).document).toMatchObject({ source: 'docx', pages: 1 });
  });

  const pdf = aCreate()['document'];
  const refusals: [string, Record<string, unknown>][] = [
    ['no document', { parties: [] }],
    ['two document sources', { document: pdf, document_url: 'http://127.0.0.1:1/x.pdf' }],
    ['a document that is neither PDF nor DOCX', { document: Buffer.from('plain words').toString('base64') }],
    ['a document that is not base64', { document: '%PDF-1.7 not base64' }],
    ['a document_url that is no web address', { document_url: 'file:///etc/hosts' }],
    ['a template_id', { document: pdf, template_id: 'tmpl_1' }],
    ['parties that are no list', { document: pdf, parties: { email: 'a@b.example' } }],
    ['an empty list of parties', { document: pdf, parties: [] }],
    ['a party without an e-mail', { document: pdf, parties: [{ name: 'Ana' }] }],
    ['a party with a malformed e-mail', { document: pdf, parties: [{ email: 'ana' }] }],
    ['an order below 1', { document: pdf, parties: [{ email: 'a@b.example', order: 0 }] }],
    ['metadata that is no object', { document: pdf, metadata: 'deal-1' }],
    ['a webhook_url that is no web address', { document: pdf, webhook_url: 'ftp://crm.example' }],
    ['an unknown legal framework', { document: pdf, legal_framework: 'handshake' }],
    ['auto_send with nobody to sign', { document: pdf, auto_send: true }],
  ];
  it.each(refusals)('refuses %s with 400 and creates nothing', async (_what, body) => {
    const atlas = await anAtlasSandbox();
    expect((await atlas.call('POST', '/api/envelope', body)).status).toBe(400);
    expect((await atlas.state()).envelopes).toBe(0);
  });

  it('refuses bodies that are broken, of another type, or too large', async () => {
    const atlas = await anAtlasSandbox();
    expect((await atlas.call('POST', '/api/envelope', '{"document":')).status).toBe(400);
    expect((await atlas.call('POST', '/api/envelope', '[]')).status).toBe(400);
    expect((await atlas.call('POST', '/api/envelope', 'x', { 'content-type': 'text/plain' })).status).toBe(415);
    const twice = aForm({ parties: '[]' });
    twice.append('parties', '[]');
    expect((await atlas.call('POST', '/api/envelope', twice)).status).toBe(400);
    expect((await atlas.call('POST', '/api/envelope', aForm({ parties: 'ana@customer.example' }))).status).toBe(400);
    const huge = await atlas.call('POST', '/api/envelope', aForm({}, Buffer.alloc(26 * 1024 * 1024, '%PDF-')));
    expect(huge.status).toBe(413);
  });

  it('refuses qualified signatures, which need a partner', async () => {
    const atlas = await anAtlasSandbox();
    const refused = await atlas.call('POST', '/api/envelope', { ...aCreate(), legal_framework: 'eidas_qes' });
    expect(refused).toMatchObject({ status: 403, body: { code: 'qes_partner_required' } });
  });
});

describe('who may call', () => {
  it('wants a known API key on every API route', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.draft();
    const stranger = atlas.as('another-key');
    for (const [method, path] of [
      ['POST', '/api/envelope'],
      ['GET', `/api/envelope/${id}`],
      ['GET', `/api/envelope/${id}/status`],
      ['POST', `/api/envelope/${id}/send`],
      ['PATCH', `/api/envelope/${id}/fields`],
      ['POST', `/api/envelope/${id}/void`],
      ['POST', `/api/envelope/${id}/remind`],
      ['GET', `/api/envelope/${id}/pdf`],
      ['GET', '/api/envelopes'],
      ['GET', '/api/templates/tmpl_1'],
      ['POST', '/api/templates/tmpl_1/send'],
    ] as const) {
      expect([path, (await stranger.call(method, path)).status]).toEqual([path, 401]);
    }
  });

  it("hides an organisation's envelopes from another one's key, but not from another key of its own", async () => {
    const keys = [
      { key: 'one', organisation: 'acme' },
      { key: 'two', organisation: 'acme' },
      { key: 'other', organisation: 'globex' },
    ];
    const one = (await anAtlasSandbox({ keys })).as('one');
    const id = await one.draft();
    expect((await one.as('two').call('GET', `/api/envelope/${id}`)).status).toBe(200);
    expect((await one.as('other').call('GET', `/api/envelope/${id}`)).status).toBe(404);
    expect((await one.as('other').call('POST', `/api/envelope/${id}/send`, {})).status).toBe(404);
    expect((await one.as('other').get('/api/envelopes')).envelopes).toEqual([]);
    await one.send(id);
    expect((await one.state()).credits).toEqual({ one: 4, two: 4, other: 5 });
  });

  it('refuses a tenant header from a profile key', async () => {
    const atlas = await anAtlasSandbox();
    const refused = await atlas.call('GET', '/api/envelopes', undefined, { 'atlas-account': 'ext_acme' });
    expect(refused.status).toBe(400);
  });
});

describe('listing envelopes', () => {
  it('filters by external_id and status, newest first', async () => {
    const atlas = await anAtlasSandbox();
    const first = await atlas.sent({ metadata: { external_id: 'deal-1' } });
    const second = await atlas.draft({ metadata: { external_id: 'deal-1', client_reference_id: 'r2' } });
    await atlas.draft({ metadata: { external_id: 'deal-2' } });
    const ids = async (query: string): Promise<string[]> => {
      return (await atlas.get(`/api/envelopes?${query}`)).envelopes.map((envelope) => envelope.envelope_id);
    };
    expect(await ids('external_id=deal-1')).toEqual([second, first]);
    expect(await ids('external_id=deal-1&status=pending')).toEqual([first]);
    expect(await ids('external_id=deal-3')).toEqual([]);
    expect(await ids('client_reference_id=r2')).toHaveLength(3);
    expect((await atlas.call('GET', '/api/envelopes?status=finished')).status).toBe(400);
  });

  it('pages through with a cursor that new envelopes do not disturb', async () => {
    const atlas = await anAtlasSandbox();
    const made: string[] = [];
    for (let count = 0; count < 5; count += 1) made.push((await atlas.create()).envelope_id);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await atlas.get(`/api/envelopes?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      seen.push(...page.envelopes.map((envelope) => envelope.envelope_id));
      cursor = page.next_cursor;
      await atlas.create();
    }
    expect(seen).toEqual(made.reverse());
  });
});
