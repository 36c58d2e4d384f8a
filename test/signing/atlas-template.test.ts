import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Party } from '../../src/deal/party.js';
import { apiKeyIdOf } from '../../src/signing/atlas/api-key-id.js';
import { createAtlasProvider } from '../../src/signing/atlas/provider.js';
import type { TemplateDraft, TemplateFacts } from '../../src/signing/provider.js';
import { aClient, API_KEY, aServer, errorOf, json } from './local-atlas.js';

const TEMPLATE = {
  name: 'Order form',
  roles: ['Customer', 'Seller'],
  prefill_keys: ['company', 'amount'],
  ready: true,
};

async function factsOf(template: unknown, id = 'tmpl_1'): Promise<TemplateFacts> {
  const server = await aServer((_asked, response) => json(response, 200, template));
  return createAtlasProvider(aClient(server.url)).readTemplate(id);
}

const versionOf = async (template: unknown, id?: string): Promise<string> => (await factsOf(template, id)).version;

describe('the facts of a template', () => {
  it('are its roles, its prefill keys, whether it is ready, and a version', async () => {
    expect(await factsOf(TEMPLATE)).toEqual({
      id: 'tmpl_1',
      version: expect.stringMatching(/^[0-9a-f]{12}$/) as unknown,
      roles: ['Customer', 'Seller'],
      prefillKeys: ['company', 'amount'],
      ready: true,
    });
    expect((await factsOf({ roles: ['Customer'] })).ready).toBeNull();
  });

  it('have the same version as long as nothing of the content changes', async () => {
    const version = await versionOf(TEMPLATE);
    expect(await versionOf({ template: { ...TEMPLATE, prefill_keys: ['amount', 'company'], ready: false } })).toBe(
      version,
    );
    expect(await versionOf({ ...TEMPLATE, roles: [{ role: 'Customer' }, { role_name: 'Seller' }] })).toBe(version);
  });

  it.each([
    ['name', { name: 'Order form 2' }],
    ['roles', { roles: ['Customer'] }],
    ['order of the roles', { roles: ['Seller', 'Customer'] }],
    ['prefill keys', { prefill_keys: ['company'] }],
    ['version number', { version: 2 }],
    ['version label', { version: 'v2' }],
    ['time of change', { updated_at: '2026-07-01T10:00:00Z' }],
  ])('have another version after a change of the %s', async (_what, change) => {
    expect(await versionOf({ ...TEMPLATE, ...change })).not.toBe(await versionOf(TEMPLATE));
  });

  it('have a version of their own for each template', async () => {
    expect(await versionOf(TEMPLATE, 'tmpl_2')).not.toBe(await versionOf(TEMPLATE, 'tmpl_1'));
  });

  it('do without marks of change that cannot be understood', async () => {
    expect(await versionOf({ ...TEMPLATE, version: { major: 1 }, updated_at: true })).toBe(await versionOf(TEMPLATE));
  });

  it('of a template that Atlas does not know are not found', async () => {
    const server = await aServer((_asked, response) => json(response, 404, { code: 'not_found' }));
    expect(await errorOf(createAtlasProvider(aClient(server.url)).readTemplate('tmpl_9'))).toMatchObject({
      kind: 'not-found',
      envelopeId: undefined,
    });
  });
});

describe('an envelope from a template', () => {
  const PARTIES: Party[] = [{ email: 'ann@customer.test', role: 'Customer', order: 1, kind: 'signer' }];
  const draft = (change: Partial<TemplateDraft> = {}): TemplateDraft => ({
    templateId: 'tmpl_1',
    parties: PARTIES,
    prefill: { company: 'Acme' },
    autoSend: false,
    webhookUrl: 'https://deals.test/webhooks/atlas',
    externalId: 'deal-1/r1',
    clientReferenceId: '1',
    ...change,
  });

  it.each([true, false])(
    'always says whether it is sent at once, where its events go and whose it is: %s',
    async (autoSend) => {
      const server = await aServer((_asked, response) => json(response, 201, { envelope_id: 'env-1' }));
      const metadata = { stripe_customer_id: 'cus_1', external_id: 'somebody-else’s' };
      const provider = createAtlasProvider(aClient(server.url));
      expect(await provider.sendTemplate(draft({ autoSend, metadata }), 'deal-1/r1/template-send/0')).toEqual({
        envelopeId: 'env-1',
        reviewUrl: null,
      });
      const asked = server.asked[0];
      expect(`${asked?.method} ${asked?.url}`).toBe('POST /api/templates/tmpl_1/send');
      expect(asked?.headers['idempotency-key']).toBe('deal-1/r1/template-send/0');
      expect(JSON.parse(asked?.body.toString() ?? '')).toEqual({
        parties: [{ email: 'ann@customer.test', role: 'Customer', order: 1 }],
        prefill: { company: 'Acme' },
        auto_send: autoSend,
        webhook_url: 'https://deals.test/webhooks/atlas',
        metadata: { stripe_customer_id: 'cus_1', external_id: 'deal-1/r1', client_reference_id: '1' },
      });
    },
  );
});

describe('the fingerprint of an API key', () => {
  it('is the beginning of its SHA-256 and shows on the provider', async () => {
    expect(apiKeyIdOf(API_KEY)).toBe(createHash('sha256').update(API_KEY).digest('hex').slice(0, 8));
    expect(createAtlasProvider(aClient('http://127.0.0.1:9')).apiKeyId).toBe(apiKeyIdOf(API_KEY));
    expect(apiKeyIdOf('another')).not.toBe(apiKeyIdOf(API_KEY));
  });
});
