import { describe, expect, it } from 'vitest';
import { readRetryAfter } from '../../src/signing/atlas/errors.js';
import { maskFor } from '../../src/signing/atlas/masking.js';
import { ProviderError, type ProviderErrorKind } from '../../src/signing/provider.js';
import { aClient, aClientAnswered, API_KEY, aServer, errorOf, json, wholeText } from './local-atlas.js';

describe('a refusal by Atlas', () => {
  const kinds: [number, ProviderErrorKind][] = [
    [400, 'invalid'],
    [401, 'unauthorized'],
    [402, 'payment-required'],
    [403, 'forbidden'],
    [404, 'not-found'],
    [408, 'rate-limited'],
    [409, 'conflict'],
    [410, 'not-found'],
    [413, 'too-large'],
    [415, 'invalid'],
    [422, 'invalid'],
    [429, 'rate-limited'],
    [500, 'unavailable'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [302, 'unreadable'],
  ];
  it.each(kinds)('of status %i is of kind %s and carries status, code and envelope', async (status, kind) => {
    const client = await aClientAnswered(status, { code: 'some_code', message: 'because' });
    const error = await errorOf(client.envelopes.send('env-1', { parties: [], fieldsVersion: null }, 'key'));
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({ name: 'AtlasError', kind, status, code: 'some_code', envelopeId: 'env-1' });
    expect(error.message).toBe(`Atlas answered ${status} to POST /api/envelope/{id}/send (some_code): because`);
  });

  const bodies: [string, unknown, string | undefined, string][] = [
    ['{code, message}', { code: 'version_conflict', message: 'fields changed' }, 'version_conflict', 'fields changed'],
    ['{error: string}', { error: 'fields changed' }, undefined, 'fields changed'],
    [
      '{error: code, message}',
      { error: 'version_conflict', message: 'fields changed' },
      'version_conflict',
      'fields changed',
    ],
    [
      '{error: object}',
      { error: { code: 'version_conflict', message: 'fields changed' } },
      'version_conflict',
      'fields changed',
    ],
    [
      '{success: false}',
      { success: false, error: 'fields changed', code: 'version_conflict' },
      'version_conflict',
      'fields changed',
    ],
    ['numeric code', { code: 4091, message: 'fields changed' }, '4091', 'fields changed'],
    [
      'HTML',
      '<html><head><style>p{}</style></head><body><h1>409</h1> <p>Conflict</p></body></html>',
      undefined,
      '409 Conflict',
    ],
    ['plain text', 'fields changed', undefined, 'fields changed'],
  ];
  it.each(bodies)('with a body of the style %s is understood', async (_style, body, code, text) => {
    const client = await aClientAnswered(409, body);
    const error = await errorOf(client.envelopes.void('env-1', 'why'));
    expect(error).toMatchObject({ kind: 'conflict', code });
    expect(error.message.endsWith(`: ${text}`)).toBe(true);
  });

  it.each(['', '[]', 'null', '"x"', '{"code":{},"message":[]}', '{"error":7}'])(
    'with the odd body %j still has kind and status',
    async (body) => {
      const client = await aClientAnswered(402, body);
      expect(await errorOf(client.envelopes.remind('env-1'))).toMatchObject({
        kind: 'payment-required',
        status: 402,
        code: undefined,
      });
    },
  );

  it('that is hidden in a 2xx is an error all the same', async () => {
    const client = await aClientAnswered(200, { success: false, error: 'parties are malformed' });
    const error = await errorOf(client.envelopes.send('env-1', { parties: [], fieldsVersion: 1 }, 'key'));
    expect(error).toMatchObject({ kind: 'invalid', status: 200 });
    expect(error.message).toContain('parties are malformed');
  });

  it('keeps prose out of the code', async () => {
    const client = await aClientAnswered(400, { code: 'ann@example.com may not sign', message: 'no' });
    expect(await errorOf(client.envelopes.get('env-1'))).toMatchObject({ code: undefined });
  });

  it('is not asked again by the client itself', async () => {
    const server = await aServer((_asked, response) => json(response, 503, {}));
    const client = aClient(server.url);
    await errorOf(client.envelopes.get('env-1'));
    await errorOf(client.envelopes.remind('env-1'));
    expect(server.asked).toHaveLength(2);
  });
});

describe('Retry-After', () => {
  it.each([429, 503])('of a %i reaches the error in milliseconds', async (status) => {
    const client = await aClientAnswered(status, {}, { 'retry-after': '7' });
    expect((await errorOf(client.envelopes.get('env-1'))).retryAfterMs).toBe(7_000);
  });

  const now = Date.parse('2026-07-01T10:00:00Z');
  it.each([
    ['120', 120_000],
    ['1.5', 1_500],
    ['Wed, 01 Jul 2026 10:00:30 GMT', 30_000],
    ['Wed, 01 Jul 2026 09:00:00 GMT', 0],
    ['999999999', 86_400_000],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j is %j ms', (header, ms) => {
    expect(readRetryAfter(header, now)).toBe(ms);
  });
});

describe('what an error says', () => {
  it('never holds the API key, an address or a link’s token, whatever the vendor echoes', async () => {
    const echo = `key ${API_KEY} Authorization: Bearer abc.def for ann.lee@example.com, see https://atlas.test/review/1?rt=RT0KEN and /sign/1?t=T0KEN&x=1`;
    for (const body of [
      echo,
      { code: API_KEY, message: echo },
      { error: echo },
      { error: { code: 'no', message: echo } },
    ]) {
      const client = await aClientAnswered(403, body);
      const text = wholeText(await errorOf(client.envelopes.get('env-1')));
      expect(text).toContain('[hidden]');
      for (const secret of [API_KEY, 'abc.def', 'ann.lee', 'example.com', 'RT0KEN', 'T0KEN'])
        expect(text).not.toContain(secret);
    }
  });

  it('never holds the API key when Atlas cannot be reached or read', async () => {
    const closed = aClient('http://127.0.0.1:1');
    const hanging = await aServer((_asked, response) => response.destroy());
    const garbled = await aServer((asked, response) =>
      json(response, 200, { echo: asked.headers.authorization, status: [API_KEY] }),
    );
    for (const client of [closed, aClient(hanging.url), aClient(garbled.url)]) {
      const error = await errorOf(client.envelopes.get('env-1'));
      expect(wholeText(error)).not.toContain(API_KEY);
      expect(error.cause).toBeUndefined();
    }
  });

  it('cuts the vendor’s text to 200 characters without leaving half an address', () => {
    const mask = maskFor(API_KEY);
    expect(mask('word '.repeat(100))).toHaveLength(200);
    expect(mask(`${'ann@example.com '.repeat(300)}`)).not.toContain('ann');
    expect(mask(`to=ann%40example.com`)).toBe('to=[hidden]');
  });

  it('reads a hostile text in no time', () => {
    const started = performance.now();
    maskFor(API_KEY)('a'.repeat(2_000_000));
    maskFor(API_KEY)('<a@'.repeat(500_000));
    expect(performance.now() - started).toBeLessThan(500);
  });

  it('refuses a key that no header can carry, without repeating it', () => {
    expect(() => aClient('http://127.0.0.1:1', { apiKey: 'line\nbreak' })).toThrow(
      /^the Atlas API key must be printable ASCII/,
    );
    expect(() => aClient('http://127.0.0.1:1', { apiKey: '' })).toThrow(TypeError);
  });
});

describe('a 2xx that does not parse', () => {
  const document = new Uint8Array([1]);
  const request = {
    parties: [],
    webhookUrl: 'http://localhost/w',
    metadata: { external_id: 'e', client_reference_id: 'c' },
  };
  const create = (client: Awaited<ReturnType<typeof aClientAnswered>>): Promise<unknown> =>
    client.envelopes.createFromBase64({ name: 'c.pdf', contentType: 'application/pdf', bytes: document }, request, 'k');

  it('names the missing envelope_id', async () => {
    const error = await errorOf(create(await aClientAnswered(201, { review_url: 'https://atlas.test/review/1?rt=x' })));
    expect(error).toMatchObject({ kind: 'unreadable', status: 201 });
    expect(error.message).toContain('POST /api/envelope cannot be read: envelope_id:');
  });

  it('names a field of the wrong type by its path', async () => {
    const envelope = await errorOf((await aClientAnswered(200, { id: 'e', fields_version: 'two' })).envelopes.get('e'));
    expect(envelope).toMatchObject({ kind: 'unreadable', envelopeId: 'e' });
    expect(envelope.message).toContain('fields_version');
    const list = await errorOf(
      (await aClientAnswered(200, { envelopes: [{ id: 'a' }, { id: 'b', status: 3 }] })).envelopes.list(),
    );
    expect(list.message).toContain('rows.1.status');
    const status = await errorOf((await aClientAnswered(200, { total: 2 })).envelopes.status('e'));
    expect(status.message).toContain('status:');
  });

  it.each([
    ['HTML', '<html>ann@example.com</html>', 'body: not JSON'],
    ['nothing', '', 'body: not JSON'],
    ['a list', '[]', 'body'],
  ])('says so of %s', async (_what, body, said) => {
    const error = await errorOf(create(await aClientAnswered(200, body)));
    expect(error.kind).toBe('unreadable');
    expect(error.message).toContain(said);
    expect(error.message).not.toContain('example.com');
  });
});
