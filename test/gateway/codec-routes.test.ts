import { createSecretKey } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { createEncryption } from '../../src/temporal/encryption.js';
import { aGateway, type AGateway } from './a-gateway.js';
import { aConsole } from './console/a-console.js';

const UI = 'https://temporal.example.com';
const keyOf = (id: string, fill: number) => ({ id, secret: createSecretKey(Buffer.alloc(32, fill)) });
const payloadCodec = createEncryption([keyOf('new', 1), keyOf('old', 2)]);
const aWorld = (): AGateway => aGateway({ payloadCodec, codecCorsOrigin: UI });
const shared = aWorld();

interface Json {
  metadata: Record<string, string>;
  data: string;
}

const plain: Json = { metadata: { encoding: base64('json/plain') }, data: base64('{"email":"ada@customer.example"}') };

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function ask({ as }: AGateway, way: 'decode' | 'encode', payload: unknown, role = 'operator', headers: object = {}) {
  return as(role, {
    method: 'POST',
    // As Temporal's UI asks.
    url: `/codec/${way}?preserveStorageRefs=true`,
    headers: { 'content-type': 'application/json', 'x-namespace': 'default', ...headers },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  });
}

describe('the codec of Temporal’s UI', () => {
  it('encodes with the key in use, and decodes each by its own key, in their order', async () => {
    const world = aWorld();
    const encoded = await ask(world, 'encode', { payloads: [plain, { ...plain, data: base64('2') }] });
    expect([encoded.statusCode, encoded.headers['cache-control']]).toEqual([200, 'no-store']);
    const { payloads } = encoded.json<{ payloads: Json[] }>();
    expect(payloads).toHaveLength(2);
    expect(payloads[0]?.metadata).toEqual({
      encoding: base64('binary/encrypted'),
      'encryption-cipher': base64('AES/GCM'),
      'encryption-key-id': base64('new'),
    });
    expect(Buffer.from(payloads[0]?.data ?? '', 'base64').toString()).not.toContain('ada@');

    const [old] = await createEncryption([keyOf('old', 2)]).encode([defaultPayloadConverter.toPayload('since long')]);
    const older = {
      metadata: Object.fromEntries(
        Object.entries(old?.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
      ),
      data: Buffer.from(old?.data ?? []).toString('base64'),
    };
    const decoded = await ask(world, 'decode', { payloads: [...payloads, older, plain] });
    const answer = decoded.json<{ payloads: Json[] }>().payloads;
    expect(answer.slice(0, 2)).toEqual([plain, { ...plain, data: base64('2') }]);
    expect(answer.slice(2)).toEqual([{ ...plain, data: base64('"since long"') }, plain]);
  });

  it('is for operators alone, and logs nothing of what it decodes', async () => {
    const world = aWorld();
    for (const role of ['viewer', 'reviewer', 'crm'])
      for (const way of ['decode', 'encode'] as const)
        expect((await ask(world, way, { payloads: [plain] }, role)).statusCode).toBe(403);
    const nobody = await world.app.inject({ method: 'POST', url: '/codec/decode', payload: { payloads: [plain] } });
    expect(nobody.statusCode).toBe(401);
    await ask(world, 'decode', { payloads: [plain] });
    await ask(world, 'decode', { payloads: [{ ...plain, data: 'ada@customer.example' }] });
    expect(world.log()).toContain('/codec/decode');
    expect(world.log()).not.toMatch(/ada|YWRh/);
  });

  it.each([
    ['half a body', '{"payloads":', 'malformed-json'],
    ['a list', '[]', 'invalid-payloads'],
    ['null', 'null', 'invalid-payloads'],
    ['nothing', '{}', 'invalid-payloads'],
    ['what is no list', '{"payloads":{"length":1e9}}', 'invalid-payloads'],
    ['what is no payload', '{"payloads":[null]}', 'invalid-payloads'],
    ['metadata of another type', '{"payloads":[{"metadata":{"encoding":7}}]}', 'invalid-payloads'],
    ['what is no base64', '{"payloads":[{"data":"not base64!"}]}', 'invalid-payloads'],
    ['too many', `{"payloads":[${Array.from({ length: 10_001 }, () => '{}').join()}]}`, 'invalid-payloads'],
    [
      'a key that is missing',
      `{"payloads":[{"metadata":{"encoding":"${base64('binary/encrypted')}","encryption-key-id":"${base64('gone')}"},"data":"AAAA"}]}`,
      'undecipherable-payload',
    ],
    [
      'what was cut short',
      `{"payloads":[{"metadata":{"encoding":"${base64('binary/encrypted')}","encryption-key-id":"${base64('new')}"},"data":"AAAA"}]}`,
      'undecipherable-payload',
    ],
    [
      'what names no key',
      `{"payloads":[{"metadata":{"encoding":"${base64('binary/encrypted')}"}}]}`,
      'undecipherable-payload',
    ],
  ])('refuses %s', async (_what, body, kind) => {
    const answer = await ask(shared, 'decode', body);
    expect(answer.json()).toMatchObject({ status: 400, type: `urn:countersign:problem:${kind}` });
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(shared.log()).not.toContain('unforeseen');
  });

  it('takes a page of a history, and no more', async () => {
    const world = aWorld();
    const [three, nine] = [3, 9].map((mebibytes) => ({ ...plain, data: base64('x'.repeat(mebibytes * 1024 * 1024)) }));
    expect((await ask(world, 'encode', { payloads: [three] })).statusCode).toBe(200);
    expect((await ask(world, 'encode', { payloads: [nine] })).json()).toMatchObject({
      status: 413,
      detail: expect.stringContaining('8 MiB') as unknown,
    });
  });

  it('lets the pages of the UI ask, and no others', async () => {
    const { app } = aWorld();
    const preflight = (origin: string) =>
      app.inject({
        method: 'OPTIONS',
        url: '/codec/decode',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    const allowed = await preflight(UI);
    expect([allowed.statusCode, allowed.headers['access-control-allow-origin']]).toEqual([204, UI]);
    expect(allowed.headers['access-control-allow-headers']).toBe(
      'Content-Type, X-Namespace, Authorization, Authorization-Extras',
    );
    expect(allowed.headers['access-control-allow-methods']).toBe('POST');
    expect(allowed.headers['access-control-allow-credentials']).toBe('true');
    for (const origin of ['https://evil.example', `${UI}.evil.example`, 'null', UI.toUpperCase()]) {
      const refused = await preflight(origin);
      expect(refused.statusCode).toBe(403);
      expect(refused.headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  it('tells the UI’s pages why they are refused', async () => {
    const world = aWorld();
    const headers = { origin: UI };
    const answers = [
      await ask(world, 'decode', { payloads: [plain] }, 'operator', headers),
      await ask(world, 'decode', { payloads: [plain] }, 'viewer', headers),
      await world.app.inject({ method: 'POST', url: '/codec/decode', headers, payload: {} }),
      await ask(world, 'decode', '{', 'operator', headers),
    ];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 403, 401, 400]);
    for (const answer of answers) {
      expect(answer.headers).toMatchObject({ 'access-control-allow-origin': UI, vary: 'Origin' });
    }
    expect((await world.as('operator', { url: '/deals', headers })).headers).not.toHaveProperty(
      'access-control-allow-origin',
    );
  });

  describe('in the session of the console', () => {
    const inSessionOf = async (role: string) => {
      const { gateway, cookies } = await aConsole(role, { payloadCodec, codecCorsOrigin: UI });
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      return (headers: Record<string, string>) =>
        gateway.app.inject({
          method: 'POST',
          url: '/codec/decode',
          headers: { cookie, ...headers },
          payload: { payloads: [plain] },
        });
    };

    it('reads for an operator who is logged in, where the page is the UI’s', async () => {
      const asked = await inSessionOf('operator');
      const answer = await asked({ origin: UI });
      expect([answer.statusCode, answer.headers['access-control-allow-credentials']]).toEqual([200, 'true']);
      expect((await (await inSessionOf('reviewer'))({ origin: UI })).statusCode).toBe(403);
    });

    it.each<[string, Record<string, string>]>([
      ['a page of another origin', { origin: 'https://evil.example' }],
      ['a program that has the cookie', {}],
      ['a wrong token beside it', { origin: UI, authorization: 'Bearer guessed' }],
      ['a cookie that was changed', { origin: UI, cookie: 'countersign=t.0123456789abcdef.99999999999.x' }],
    ])('does not for %s', async (_whom, headers) => {
      const answer = await (await inSessionOf('operator'))(headers);
      expect(answer.statusCode).toBe(401);
      if (headers['origin'] !== UI) expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
    });
  });

  it('says so where payloads are plain', async () => {
    const answer = await ask(aGateway(), 'decode', { payloads: [plain] });
    expect(answer.json()).toMatchObject({
      status: 404,
      type: 'urn:countersign:problem:no-payload-keys',
      detail: expect.stringContaining('PAYLOAD_KEYS') as unknown,
    });
  });
});
