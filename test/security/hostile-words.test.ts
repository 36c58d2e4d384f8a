/**
 * Words that try to be something else: an address inside the network, a path out of a folder, a line of a header, a property of every object.
 * What documents, stores and redirects do about them is tried in test/documents/ and test/signing/atlas-signed-pdf.test.ts; links of the
 * console in test/gateway/console/; XML of Salesforce in test/crm/salesforce-notifications.test.ts.
 */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readDocumentTypes } from '../../src/config/document-types.js';
import { VARIABLES } from '../../src/config/variables.js';
import { readVariables } from '../../src/config/environment.js';
import { multipartBody } from '../../src/crm/multipart.js';
import { isDealId } from '../../src/deal/ids.js';
import {
  readAmend,
  readCancel,
  readEnvelopeEvent,
  readRemind,
  readResume,
  readReview,
} from '../../src/deal/messages.js';
import { createDocumentSource } from '../../src/documents/source.js';
import { namesOfKey } from '../../src/documents/store-keys.js';
import { readAtlasEvent } from '../../src/signing/atlas/webhook.js';
import { readConnectEvent } from '../../src/signing/docusign/webhook.js';
import { aGateway, aStart, type AGateway } from '../gateway/a-gateway.js';

let folder: string;
let gateway: AGateway;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-hostile-'));
  gateway = aGateway();
  await gateway.app.ready();
});
afterAll(async () => {
  await gateway.app.close();
  await rm(folder, { recursive: true, force: true });
});

describe('an address inside the network', () => {
  const spelled = [
    'https://2130706433/x.pdf',
    'https://0x7f000001/x.pdf',
    'https://0177.0.0.1/x.pdf',
    'https://127.1/x.pdf',
    'https://0/x.pdf',
    'https://①②⑦.⓪.⓪.①/x.pdf',
    'https://127。0。0。1/x.pdf',
    'https://[::ffff:7f00:1]/x.pdf',
    'https://[0:0:0:0:0:ffff:169.254.169.254]/x.pdf',
    'https://[64:ff9b::a9fe:a9fe]/x.pdf',
    'https://metadata.google.internal/x.pdf',
    'https://LOCALHOST/x.pdf',
    'https://foo.localhost/x.pdf',
    'https://127.0.0.1.:443/x.pdf',
    'https:127.0.0.1/x.pdf',
    'https:\\\\127.0.0.1\\x.pdf',
    'https://public.example@127.0.0.1/x.pdf',
    'http://169.254.169.254/latest/meta-data/iam',
  ];
  it.each(spelled)('is none to fetch a document from, nor to hand to a provider: %s', async (uri) => {
    const source = createDocumentSource({ root: folder });
    try {
      await expect(source.fetch(uri)).rejects.toMatchObject({ name: 'DocumentError' });
      expect(() => source.checkLink(uri)).toThrow(expect.objectContaining({ name: 'DocumentError' }));
    } finally {
      await source.close();
    }
  });

  it.each([
    'gopher://x/1',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'https://user:pw@x.example',
    'https://x.example?u=1',
  ])('is no setting of ours: %s', (address) => {
    for (const name of ['PUBLIC_URL', 'ATLAS_BASE_URL', 'S3_ENDPOINT', 'TEMPORAL_UI_URL', 'COUNTERSIGN_URL'] as const)
      expect(readVariables({ [name]: address }, { [name]: VARIABLES[name] }).problems).toHaveLength(1);
  });
});

describe('a path out of a folder', () => {
  const names = ['../x', '..', './x', '/etc/passwd', 'a/../../b', '..\\x', 'a\0b', '.ssh/id', '%2e%2e/x', 'C:\\x', ' '];

  it.each(names)('is no id of a deal, which names files and folders: %j', (name) => {
    expect(isDealId(name)).toBe(false);
  });

  it.each(names)('is none in the store of signed PDFs: %j', (key) => {
    let parts: string[] = [];
    try {
      parts = namesOfKey(key);
    } catch (error) {
      expect(error).toMatchObject({ name: 'DocumentError', kind: 'refused' });
    }
    for (const part of parts) expect(part).toMatch(/^[^./\\\0][^/\\\0]*$/);
  });

  it.each([
    '/console/style.css/../../../../etc/passwd',
    '/console/..%2f..%2fpackage.json',
    '/console/%2e%2e/%2e%2e/package.json',
    '/console/style.css%00.html',
    '//etc/passwd',
  ])('is nothing that the gateway serves: %s', async (url) => {
    const answer = await gateway.as('operator', { url });
    expect(answer.statusCode).toBeGreaterThanOrEqual(400);
    expect(answer.body).not.toMatch(/root:|"dependencies"/);
  });

  it('is no deal to read, review or fetch a link for', async () => {
    for (const name of names) {
      const at = `/deals/${encodeURIComponent(name)}`;
      expect((await gateway.as('operator', { url: `${at}/sign-link` })).statusCode).toBeGreaterThanOrEqual(400);
      const started = await gateway.as('crm', { method: 'POST', url: '/deals', payload: aStart({ dealId: name }) });
      expect(started.statusCode).toBe(422);
    }
    expect(gateway.deals.started).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a line break', () => {
  const BREAK = 'a\r\nset-cookie: stolen=1\r\n\r\n<html>';

  it('makes no header of an answer, wherever it is put', async () => {
    const encoded = encodeURIComponent(BREAK);
    const answers = await Promise.all([
      gateway.app.inject({ url: '/healthz', headers: { 'x-request-id': BREAK } }),
      gateway.app.inject(`/console/login?next=/${encoded}`),
      gateway.app.inject(`/console/deals/${encoded}`),
      gateway.as('operator', { url: `/console/go?id=${encoded}` }),
      gateway.as('operator', { url: `/deals/${encoded}/review-link` }),
      gateway.as('operator', {
        method: 'POST',
        url: '/deals/42/resume',
        payload: {},
        headers: { 'idempotency-key': BREAK },
      }),
      gateway.as('operator', { url: '/', headers: { 'x-forwarded-host': BREAK, 'x-forwarded-proto': BREAK } }),
    ]);
    for (const { headers, statusCode } of answers) {
      expect(statusCode).toBeLessThan(500);
      expect(Object.values(headers).join()).not.toMatch(/[\r\n]/);
      expect(headers['set-cookie']).toBeUndefined();
    }
  });

  it('makes no second line of the log', async () => {
    const before = gateway.log();
    await gateway.as('operator', { url: `/deals/${encodeURIComponent('x\n{"level":60,"msg":"forged"}')}` });
    const lines = gateway.log().slice(before.length).trim().split('\n');
    for (const line of lines) expect((JSON.parse(line) as { msg: string }).msg).not.toBe('forged');
  });

  it('makes no part of a multipart body', () => {
    const file = {
      field: 'file',
      fileName: `x"\r\n\r\nforged`,
      contentType: 'application/pdf',
      bytes: new Uint8Array(),
    };
    expect(() => multipartBody({ name: 'x' }, file, 'b')).toThrow();
    expect(() => multipartBody({ 'name"\r\n': 'x' }, { ...file, fileName: 'x.pdf' }, 'b')).toThrow();
    expect(() => multipartBody({ name: 'x\r\n--b' }, { ...file, fileName: 'x.pdf' }, 'b')).toThrow();
  });
});

describe('a property of every object', () => {
  afterEach(() => {
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect('polluted' in {}).toBe(false);
  });
  const POISONS = ['"__proto__":{"polluted":1}', '"constructor":{"prototype":{"polluted":1}}'];

  it.each(POISONS)('is not made by the body of a request: %s', async (poison) => {
    const start = JSON.stringify(aStart()).slice(1, -1);
    for (const body of [
      `{${start},${poison}}`,
      `{${start},"metadata":{${poison}}}`,
      `{${start},"prefill":{${poison}}}`,
      `{"decision":"approve",${poison}}`,
    ]) {
      for (const url of ['/deals', '/deals/42/review', '/mcp']) {
        const answer = await gateway.as('operator', {
          method: 'POST',
          url,
          payload: body,
          headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        });
        expect(answer.statusCode).toBeGreaterThanOrEqual(400);
        expect(answer.statusCode).toBeLessThan(500);
      }
    }
    expect(gateway.deals.started).toEqual([]);
    const query = `__proto__[polluted]=1&__proto__=1&constructor.prototype.polluted=1`;
    expect((await gateway.as('operator', { url: `/deals?${query}` })).statusCode).toBe(422);
    expect((await gateway.as('operator', { url: `/console/deals?${query}` })).statusCode).toBe(200);
    await gateway.app.inject({
      method: 'POST',
      url: '/console/login',
      payload: query,
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
    });
  });

  it.each(POISONS)('is not made by a webhook, although it is signed: %s', async (poison) => {
    const body = `{"event":"envelope.signed","envelope_id":"env-1",${poison},"metadata":{"external_id":"deal-42/r1",${poison}},"data":{${poison}}}`;
    expect((await gateway.webhook(body)).statusCode).toBe(200);
    expect(readAtlasEvent(Buffer.from(`{${poison},"data":{${poison}}}`)).problem).toBeDefined();
    const connect = readConnectEvent(
      Buffer.from(
        `{"event":"constructor","data":{"envelopeId":"e1","envelopeSummary":{${poison}},${poison}},${poison}}`,
      ),
    );
    expect(connect.value?.event).toBe('constructor');
  });

  it.each(POISONS)('is not made by a message that somebody types into Temporal’s page: %s', (poison) => {
    const message: unknown = JSON.parse(`{"decision":"approve","reviewer":"r","reason":"r","by":"b",${poison}}`);
    for (const read of [readReview, readCancel, readAmend, readResume, readRemind, readEnvelopeEvent]) {
      const { value } = read(message);
      expect(value === undefined || !('polluted' in value)).toBe(true);
    }
  });

  it.each(POISONS)('is not made by document-types.json: %s', async (poison) => {
    const path = join(folder, 'document-types.json');
    await writeFile(path, `{"order-form":{"crmStages":{${poison}},"template":{"id":"t","prefill":{${poison}}}}}`);
    expect(readDocumentTypes(path, 1_000).value?.get('order-form')?.crmStages ?? {}).not.toHaveProperty('polluted');
    await writeFile(path, `{"order-form":{},${poison}}`);
    const types = readDocumentTypes(path, 1_000);
    expect(types.value?.get('order-form') !== undefined || (types.problems ?? []).length > 0).toBe(true);
    await rm(path);
  });
});
