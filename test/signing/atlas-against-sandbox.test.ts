import { PDFDocument, StandardFonts } from '@cantoo/pdf-lib';
import { Document, Packer, Paragraph } from 'docx';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Party } from '../../src/deal/party.js';
import { createAtlasClient, type AtlasClient } from '../../src/signing/atlas/client.js';
import { createAtlasProvider } from '../../src/signing/atlas/provider.js';
import { readAtlasEvent, verifyAtlasSignature } from '../../src/signing/atlas/webhook.js';
import type {
  EnvelopeDocument,
  EnvelopeDraft,
  EnvelopeReading,
  SigningProvider,
  TemplateDraft,
} from '../../src/signing/provider.js';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/server.js';
import { aServer, errorOf, json } from './local-atlas.js';

const KEY = 'sandbox-key';
const PARTIES: Party[] = [
  { email: 'ann@customer.test', name: 'Ann Lee', role: 'Customer', order: 1, kind: 'signer' },
  { email: 'bob@seller.test', name: 'Bob Roe', role: 'Seller', order: 2, kind: 'signer' },
  { email: 'files@seller.test', order: 3, kind: 'cc' },
];

let pdf: EnvelopeDocument;
let docx: EnvelopeDocument;

beforeAll(async () => {
  const document = await PDFDocument.create();
  const font = await document.embedFont(StandardFonts.Helvetica);
  for (const text of ['Order form', 'Signature: ____________________'])
    document.addPage().drawText(text, { font, size: 12 });
  pdf = { name: 'order-form.pdf', contentType: 'application/pdf', bytes: await document.save() };
  const paper = new Document({
    sections: [{ children: [new Paragraph('Order form'), new Paragraph('Signature: ________')] }],
  });
  const contentType = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
  docx = { name: 'order-form.docx', contentType, bytes: await Packer.toBuffer(paper) };
});

interface World {
  sandbox: Sandbox;
  client: AtlasClient;
  provider: SigningProvider;
  /** Does something behind Atlas's back. */
  act(path: string, body?: unknown): Promise<void>;
  state(): Promise<Record<string, unknown>>;
}

async function aWorld(settings: SandboxOptions['settings'] = {}, options: SandboxOptions = {}): Promise<World> {
  const sandbox = await startSandbox({ credits: 20, ...options, settings: { detection_ms: 20, ...settings } });
  const client = createAtlasClient({ baseUrl: sandbox.url, apiKey: KEY });
  onTestFinished(async () => {
    await client.close();
    await sandbox.stop();
  });
  return {
    sandbox,
    client,
    provider: createAtlasProvider(client),
    act: async (path, body = {}) => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${sandbox.url}/_sandbox${path}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    },
    state: async () => (await (await fetch(`${sandbox.url}/_sandbox/state`)).json()) as Record<string, unknown>,
  };
}

function aDraft(change: Partial<EnvelopeDraft> = {}): EnvelopeDraft {
  return {
    document: pdf,
    transport: 'multipart',
    parties: PARTIES,
    webhookUrl: 'http://127.0.0.1:9/webhooks/atlas',
    externalId: 'deal-1/r1',
    clientReferenceId: '1',
    ...change,
  };
}

async function detected({ provider }: World, envelopeId: string): Promise<EnvelopeReading> {
  return vi.waitFor(async () => {
    const reading = await provider.readEnvelope(envelopeId);
    expect(reading.fieldsStatus).not.toBe('pending');
    return reading;
  }, 10_000);
}

async function sent(world: World, change: Partial<EnvelopeDraft> = {}): Promise<string> {
  const { envelopeId } = await world.provider.createEnvelope(
    aDraft(change),
    `${change.externalId ?? 'deal-1/r1'}/create/0`,
  );
  const { fieldsVersion } = await detected(world, envelopeId);
  await world.provider.sendEnvelope(envelopeId, { parties: PARTIES, fieldsVersion }, `${envelopeId}/send/0`);
  return envelopeId;
}

async function signed(world: World): Promise<string> {
  const envelopeId = await sent(world);
  await world.act(`/envelopes/${envelopeId}/sign`);
  await world.act(`/envelopes/${envelopeId}/sign`);
  return envelopeId;
}

/** Atlas without the link in the envelope, so that only the older `/pdf` route is left (Atlas notes 12). */
async function withoutLink(world: World): Promise<AtlasClient> {
  const front = await aServer((asked, response) => {
    void (async () => {
      const headers = { authorization: asked.headers.authorization ?? '' };
      const answer = await fetch(world.sandbox.url + asked.url, { headers, redirect: 'manual' });
      if (answer.headers.get('content-type')?.startsWith('application/json')) {
        const envelope = (await answer.json()) as Record<string, unknown>;
        delete envelope.signed_download_url;
        return json(response, answer.status, envelope);
      }
      const location = answer.headers.get('location');
      const type = answer.headers.get('content-type');
      response.writeHead(answer.status, { ...(location && { location }), ...(type && { 'content-type': type }) });
      response.end(Buffer.from(await answer.arrayBuffer()));
    })();
  });
  const client = createAtlasClient({ baseUrl: front.url, apiKey: KEY });
  onTestFinished(() => client.close());
  return client;
}

const MOODS: SandboxOptions['settings'][] = [
  { id_key: 'envelope_id', created_status: 201, omit_nulls: false, review_url_in_get: true, signed_event: 'final' },
  {
    id_key: 'id',
    created_status: 200,
    omit_nulls: true,
    review_url_in_get: false,
    signed_event: 'each',
    webhook_event_id: true,
  },
];

describe.each(MOODS)('an Atlas that answers with $id_key and $created_status', (mood) => {
  it('takes a deal from draft to signed PDF', async () => {
    const world = await aWorld(mood);
    const { provider } = world;
    const created = await provider.createEnvelope(aDraft(), 'deal-1/r1/create/0');
    expect(created.reviewUrl).toMatch(/\/review\/.+\?rt=/);
    const draft = await detected(world, created.envelopeId);
    expect(draft).toMatchObject({ status: 'draft', fieldsStatus: 'ready', externalId: 'deal-1/r1', signedCount: 0 });
    expect(draft.fieldsVersion).toBeGreaterThan(0);
    await provider.sendEnvelope(created.envelopeId, { parties: PARTIES, fieldsVersion: draft.fieldsVersion }, 'send');
    const progress = async (): Promise<unknown> => {
      const { status, signedCount, parties } = await provider.readEnvelope(created.envelopeId);
      return [status, signedCount, parties?.map((party) => `${party.role} ${party.order} ${party.status}`)];
    };
    expect(await progress()).toEqual(['pending', 0, ['Customer 1 pending', 'Seller 2 waiting', 'cc 3 copied']]);
    await provider.remind(created.envelopeId);
    await world.act(`/envelopes/${created.envelopeId}/sign`);
    expect(await progress()).toEqual(['pending', 1, ['Customer 1 signed', 'Seller 2 pending', 'cc 3 copied']]);
    await world.act(`/envelopes/${created.envelopeId}/sign`);
    expect(await progress()).toEqual(['signed', 2, ['Customer 1 signed', 'Seller 2 signed', 'cc 3 copied']]);
    const filed = await PDFDocument.load(await provider.downloadSigned(created.envelopeId));
    expect(filed.getPageCount()).toBeGreaterThanOrEqual(2);
    expect(await world.state()).toMatchObject({
      envelopes: 1,
      sends: 1,
      spent: { [KEY]: 1 },
      bucketAuthorizationLeaks: 0,
    });
  });

  it('tells a decline and a void with their reasons', async () => {
    const world = await aWorld(mood);
    const declined = await sent(world, { externalId: 'deal-1/r1' });
    await world.act(`/envelopes/${declined}/decline`, { reason: 'Too dear' });
    expect(await world.provider.readEnvelope(declined)).toMatchObject({ status: 'declined', reason: 'Too dear' });
    const voided = await sent(world, { externalId: 'deal-2/r1' });
    await world.provider.voidEnvelope(voided, 'New terms');
    expect(await world.provider.readEnvelope(voided)).toMatchObject({ status: 'voided', reason: 'New terms' });
    expect((await world.client.envelopes.status(voided)).status).toBe('voided');
  });

  it('finds the envelopes of a deal, over pages too', async () => {
    const world = await aWorld(mood);
    const make = (externalId: string, key: string): Promise<string> =>
      world.provider.createEnvelope(aDraft({ externalId }), key).then((created) => created.envelopeId);
    const first = await make('deal-1/r1', 'a');
    const second = await make('deal-1/r1', 'b');
    await make('deal-1/r10', 'c');
    expect((await world.provider.findEnvelopes('deal-1/r1')).map((found) => found.envelopeId).sort()).toEqual(
      [first, second].sort(),
    );
    expect(await world.provider.findEnvelopes('deal-1/r')).toEqual([]);
    for (let more = 0; more < 20; more += 1) await make('deal-9/r1', `more-${more}`);
    expect(await world.provider.findEnvelopes('deal-9/r1')).toHaveLength(20);
    const page = await world.client.envelopes.list({ status: 'draft' });
    expect(page).toMatchObject({ more: true });
    const rest = await world.client.envelopes.list({ status: 'draft', next: page.next ?? '' });
    expect(page.rows.length + rest.rows.length).toBe(23);
  });

  it('sends from a template, at once or for review', async () => {
    const world = await aWorld(mood);
    await world.act('/templates', {
      id: 'tmpl_x',
      name: 'Order form',
      roles: ['Customer', 'Seller'],
      prefill_keys: ['company'],
    });
    const { provider } = world;
    const facts = await provider.readTemplate('tmpl_x');
    expect(facts).toMatchObject({ roles: ['Customer', 'Seller'], prefillKeys: ['company'], ready: true });
    expect((await provider.readTemplate('tmpl_x')).version).toBe(facts.version);
    const draft: TemplateDraft = {
      ...aDraft({ parties: PARTIES.slice(0, 2), metadata: { crm_owner: 'u-7' } }),
      templateId: 'tmpl_x',
      prefill: { company: 'Acme' },
      autoSend: false,
    };
    const drafted = await provider.sendTemplate(draft, 'k1');
    expect(drafted.reviewUrl).toContain('/review/');
    expect(await provider.readEnvelope(drafted.envelopeId)).toMatchObject({ status: 'draft', sent: false });
    const again: TemplateDraft = { ...draft, autoSend: true, externalId: 'deal-1/r2' };
    const out = await provider.sendTemplate(again, 'k2');
    expect(out.reviewUrl).toBeNull();
    expect(await provider.readEnvelope(out.envelopeId)).toMatchObject({ status: 'pending', sent: true });
    expect(await provider.sendTemplate(again, 'k2')).toMatchObject({ envelopeId: out.envelopeId });
    expect((await provider.findEnvelopes('deal-1/r2')).map((found) => found.envelopeId)).toEqual([out.envelopeId]);
    expect(await world.state()).toMatchObject({ sends: 1, spent: { [KEY]: 1 } });
    await world.act('/templates', { id: 'tmpl_x', name: 'Order form', roles: ['Customer'], prefill_keys: ['company'] });
    expect((await provider.readTemplate('tmpl_x')).version).not.toBe(facts.version);
  });

  it('gives each signer a link of their own, in turn, and tells who signs', async () => {
    const world = await aWorld(mood);
    const { envelopeId } = await world.provider.createEnvelope(aDraft(), 'create');
    const { fieldsVersion } = await detected(world, envelopeId);
    expect(await world.provider.signLink(envelopeId)).toBeNull();
    await world.provider.sendEnvelope(envelopeId, { parties: PARTIES, fieldsVersion }, 'send');
    expect(await world.provider.signers(envelopeId)).toEqual([
      { order: 1, role: 'Customer', email: 'ann@customer.test' },
      { order: 2, role: 'Seller', email: 'bob@seller.test' },
    ]);
    const first = await world.provider.signLink(envelopeId);
    await world.act(`/envelopes/${envelopeId}/sign`);
    const second = await world.provider.signLink(envelopeId);
    for (const link of [first, second]) expect((await fetch(link ?? '')).status).toBe(200);
    expect(second).not.toBe(first);
    await world.act(`/envelopes/${envelopeId}/sign`);
    expect(await world.provider.signLink(envelopeId)).toBeNull();
  });

  it('tells its events under a signature that fits, with the deal’s own reference', async () => {
    const receiver = await aServer((_asked, response) => response.writeHead(204).end());
    const world = await aWorld(mood);
    const envelopeId = await sent(world, { webhookUrl: `${receiver.url}/webhooks/atlas` });
    await world.act(`/envelopes/${envelopeId}/decline`, { reason: 'no' });
    const events = await vi.waitFor(() => {
      const read = receiver.asked.map((asked) => readAtlasEvent(asked.body).value);
      expect(read.map((event) => event?.event)).toContain('envelope.declined');
      return read;
    }, 10_000);
    for (const event of events)
      expect(event).toMatchObject({ envelopeId, externalId: 'deal-1/r1', clientReferenceId: '1' });
    for (const { body, headers } of receiver.asked) {
      const header = headers['x-atlas-signature'];
      expect(typeof header).toBe('string');
      expect(verifyAtlasSignature(body, String(header), ['another-key', KEY])).toBe(true);
      expect(verifyAtlasSignature(body, String(header), ['another-key'])).toBe(false);
    }
  });
});

describe('a document', () => {
  it('may travel in all three ways, as PDF and DOCX', async () => {
    const world = await aWorld();
    const host = await aServer((_asked, response) =>
      response.writeHead(200, { 'content-type': 'application/pdf' }).end(pdf.bytes),
    );
    const link = aDraft({ transport: 'link', documentUrl: `${host.url}/order-form.pdf` });
    delete link.document;
    const drafts: EnvelopeDraft[] = [
      aDraft(),
      aDraft({ document: docx }),
      aDraft({ transport: 'base64' }),
      aDraft({ transport: 'base64', document: docx }),
      link,
    ];
    for (const [index, draft] of drafts.entries()) {
      const { envelopeId } = await world.provider.createEnvelope(draft, `k${index}`);
      expect(await detected(world, envelopeId)).toMatchObject({
        status: 'draft',
        fieldsStatus: 'ready',
        externalId: 'deal-1/r1',
      });
    }
  });

  it.each(['failed', 'recovered_empty'] as const)('whose detection ends %s is told so', async (outcome) => {
    const world = await aWorld();
    await world.act('/settings', { next_detections: [outcome] });
    const { envelopeId } = await world.provider.createEnvelope(aDraft(), 'k');
    const reading = await detected(world, envelopeId);
    expect(reading).toMatchObject({ status: 'draft', fieldsStatus: outcome });
    if (outcome === 'failed') expect(reading.detectionError).toBeTruthy();
  });
});

describe('repeating a step', () => {
  it.each(['multipart', 'base64'] as const)(
    'makes one envelope, one send and costs one credit (%s)',
    async (transport) => {
      const world = await aWorld();
      const [first, second] = [
        await world.provider.createEnvelope(aDraft({ transport }), 'deal-1/r1/create/0'),
        await world.provider.createEnvelope(aDraft({ transport }), 'deal-1/r1/create/0'),
      ];
      expect(second).toEqual(first);
      const { fieldsVersion } = await detected(world, first.envelopeId);
      const request = { parties: PARTIES, fieldsVersion };
      await world.provider.sendEnvelope(first.envelopeId, request, 'deal-1/r1/send/0');
      await world.provider.sendEnvelope(first.envelopeId, request, 'deal-1/r1/send/0');
      expect(await world.state()).toMatchObject({ envelopes: 1, sends: 1, spent: { [KEY]: 1 } });
    },
  );
});

const STYLES = ['code_message', 'error_string', 'error_object', 'success_false', 'html', 'empty'] as const;

describe.each(STYLES)('refusals in the style %s', (error_style) => {
  it('are told apart', async () => {
    const world = await aWorld({ error_style, detection_ms: 60_000, store_refusals: false });
    const { provider } = world;
    const { envelopeId } = await provider.createEnvelope(aDraft(), 'create');
    const send = (fieldsVersion: number, parties = PARTIES): Promise<void> =>
      provider.sendEnvelope(envelopeId, { parties, fieldsVersion }, 'send');
    const told = { envelopeId, status: 409, kind: 'conflict' };
    expect(await errorOf(send(1))).toMatchObject(told);
    expect(await errorOf(provider.readEnvelope('nowhere'))).toMatchObject({
      kind: 'not-found',
      status: 404,
      envelopeId: 'nowhere',
    });
    expect(await errorOf(provider.downloadSigned(envelopeId))).toMatchObject({ kind: 'conflict' });
    expect(await errorOf(provider.remind(envelopeId))).toMatchObject({ kind: 'conflict' });
    const bad = [{ email: 'not an address', order: 1, kind: 'signer' }] satisfies Party[];
    expect(await errorOf(provider.createEnvelope(aDraft({ parties: bad }), 'bad'))).toMatchObject({
      kind: 'invalid',
      status: 400,
    });
    const stranger = createAtlasClient({ baseUrl: world.sandbox.url, apiKey: 'wrong-key' });
    onTestFinished(() => stranger.close());
    const unauthorized = await errorOf(stranger.envelopes.get(envelopeId));
    expect(unauthorized).toMatchObject({ kind: 'unauthorized', status: 401 });
    expect(unauthorized.message).not.toContain('wrong-key');
  });

  it('for want of credits, for a stale version and for a suspended tenant are told apart', async () => {
    const world = await aWorld({ error_style, store_refusals: false });
    const { envelopeId } = await world.provider.createEnvelope(aDraft(), 'create');
    const { fieldsVersion } = await detected(world, envelopeId);
    const send = (version: number | null): Promise<void> =>
      world.provider.sendEnvelope(envelopeId, { parties: PARTIES, fieldsVersion: version }, `send/${version}`);
    const patched = await world.client.envelopes.patchFields(envelopeId, {
      fieldsVersion: fieldsVersion ?? 1,
      fields: [],
    });
    expect(patched.fieldsVersion).toBeGreaterThan(fieldsVersion ?? 1);
    expect(await errorOf(send(fieldsVersion))).toMatchObject({ kind: 'conflict', status: 409 });
    expect((await world.provider.readEnvelope(envelopeId)).fieldsVersion).toBe(patched.fieldsVersion);
    await world.act('/settings', { credits: { [KEY]: 0 } });
    expect(await errorOf(send(patched.fieldsVersion))).toMatchObject({ kind: 'payment-required', status: 402 });
    await world.act('/settings', { credits: { [KEY]: 1 }, suspended: { [KEY]: true } });
    expect(await errorOf(send(patched.fieldsVersion))).toMatchObject({ kind: 'forbidden', status: 403 });
    await world.act('/settings', { suspended: { [KEY]: false } });
    await send(patched.fieldsVersion);
    expect(await world.provider.readEnvelope(envelopeId)).toMatchObject({ status: 'pending' });
  });
});

describe('the signed PDF', () => {
  it.each(['redirect', 'bytes'] as const)('comes by the /pdf route as %s', async (pdf_delivery) => {
    const world = await aWorld({ pdf_delivery });
    const envelopeId = await signed(world);
    const bytes = await (await withoutLink(world)).downloadSignedPdf(envelopeId);
    expect((await PDFDocument.load(bytes)).getPageCount()).toBeGreaterThanOrEqual(2);
    expect(await world.state()).toMatchObject({ bucketAuthorizationLeaks: 0 });
  });

  it('behind links that expire at once is unavailable for now', async () => {
    const world = await aWorld({ download_ttl_ms: 0 });
    const envelopeId = await signed(world);
    expect(await errorOf(world.provider.downloadSigned(envelopeId))).toMatchObject({
      kind: 'unavailable',
      status: 403,
    });
    await world.act('/settings', { download_ttl_ms: 60_000 });
    expect(
      Buffer.from(await world.provider.downloadSigned(envelopeId))
        .subarray(0, 4)
        .toString(),
    ).toBe('%PDF');
  });
});
