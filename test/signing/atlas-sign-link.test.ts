import { MockAgent } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAtlasProvider } from '../../src/signing/atlas/provider.js';
import { aClient, aServer, errorOf, json, wholeText } from './local-atlas.js';

/** The link of an envelope of which the light route says `status`. */
async function linkOf(status: unknown): Promise<string | null> {
  const server = await aServer((_asked, response) => json(response, 200, status));
  const link = await createAtlasProvider(aClient(server.url)).signLink('env-1');
  expect(server.asked.map((asked) => `${asked.method} ${asked.url}`)).toEqual(['GET /api/envelope/env-1/status']);
  return link;
}

describe('the sign link of an envelope that is out', () => {
  it.each([
    'https://atlaswork.ai/sign/env-1?t=SECRET-1',
    'https://sign.customer.example/env-1?lang=de&t=SECRET-1#page-2',
    // A stand-in that is reached over http: makes links of its own kind.
    'http://127.0.0.1:8090/sign/env-1?t=SECRET-1',
  ])('is handed on as it is: %s', async (sign_url) => {
    expect(await linkOf({ status: 'pending', signed_count: 0, total: 2, sign_url })).toBe(sign_url);
  });

  it('is found in a nested answer', async () => {
    const sign_url = 'https://atlaswork.ai/sign/env-1?t=SECRET-1';
    expect(await linkOf({ success: true, data: { status: 'pending', sign_url } })).toBe(sign_url);
  });

  it.each([{}, { sign_url: null }, { sign_url: '' }])('is none where nobody’s turn is told: %j', async (turn) => {
    expect(await linkOf({ status: 'pending', next_signer_email: null, ...turn })).toBeNull();
  });

  it.each([
    'https://atlaswork.ai/sign/env-1',
    'https://atlaswork.ai/sign/env-1?t=',
    'https://atlaswork.ai/sign/env-1?t=%20',
    'https://atlaswork.ai/sign/env-1?rt=SECRET-1',
    'https://atlaswork.ai/sign/env-1#?t=SECRET-1',
  ])('is refused without a token of its signer, and never shown: %s', async (sign_url) => {
    const error = await errorOf(linkOf({ status: 'pending', sign_url }));
    expect(error).toMatchObject({ kind: 'unreadable', envelopeId: 'env-1' });
    expect(error.message).toMatch(/no signer's token, so it would not be that signer's alone/);
    expect(wholeText(error)).not.toMatch(/SECRET|atlaswork\.ai|sign\/env-1/);
  });

  it.each(['javascript:alert(1)?t=SECRET-1', 'sign/env-1?t=SECRET-1', 'SECRET-1:x?t=1', 'ftp://a.test/?t=SECRET-1'])(
    'is refused when it is no address of the web, and never shown: %s',
    async (sign_url) => {
      const error = await errorOf(linkOf({ status: 'pending', sign_url }));
      expect(error).toMatchObject({ kind: 'unreadable' });
      expect(error.message).toMatch(/no https: address/);
      expect(wholeText(error)).not.toMatch(/SECRET|alert|ftp/i);
    },
  );
});

describe('a link over plain http', () => {
  it('is refused when Atlas itself is reached over https', async () => {
    const dispatcher = new MockAgent();
    onTestFinished(() => dispatcher.close());
    dispatcher.disableNetConnect();
    dispatcher
      .get('https://atlas.test')
      .intercept({ path: '/api/envelope/env-1/status' })
      .reply(200, { status: 'pending', sign_url: 'http://atlas.test/sign/env-1?t=SECRET-1' });
    const client = aClient('https://atlas.test', { dispatcher });
    const error = await errorOf(createAtlasProvider(client).signLink('env-1'));
    expect(error).toMatchObject({ kind: 'unreadable' });
    expect(wholeText(error)).not.toContain('SECRET');
  });
});

describe('an envelope that is not out', () => {
  it.each(['draft', 'signed', 'declined', 'voided', 'napping'])('and is %s has no sign link', async (status) => {
    expect(await linkOf({ status, sign_url: 'https://atlaswork.ai/sign/env-1?t=SECRET-1' })).toBeNull();
  });
});
