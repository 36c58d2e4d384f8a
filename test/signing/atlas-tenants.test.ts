/** Every call of the Atlas provider in a tenant's name carries its account, and no call of the key's own does. */
import { expect, it } from 'vitest';
import { createAtlasProvider } from '../../src/signing/atlas/provider.js';
import type { SigningProvider } from '../../src/signing/provider.js';
import { aClient, aServer, json } from './local-atlas.js';

const DRAFT = { parties: [], externalId: 'deal-1/r1', clientReferenceId: '1' };
const DOCUMENT = { name: 'a.pdf', contentType: 'application/pdf', bytes: new Uint8Array([1]) } as const;

/** Whatever each call comes to. */
async function callAll(provider: SigningProvider): Promise<void> {
  await Promise.allSettled([
    provider.createEnvelope({ ...DRAFT, document: DOCUMENT, transport: 'multipart' }, 'k'),
    provider.createEnvelope({ ...DRAFT, document: DOCUMENT, transport: 'base64' }, 'k'),
    provider.createEnvelope({ ...DRAFT, documentUrl: 'https://a.example/b.pdf', transport: 'link' }, 'k'),
    provider.readTemplate('t'),
    provider.sendTemplate({ ...DRAFT, templateId: 't', prefill: {}, autoSend: false }, 'k'),
    provider.findEnvelopes('deal-1/r1'),
    provider.readEnvelope('e'),
    provider.sendEnvelope('e', { parties: [], fieldsVersion: 1 }, 'k'),
    provider.voidEnvelope('e', 'no'),
    provider.reviewLink('e'),
    provider.fields('e'),
    provider.signLink('e'),
    provider.signers('e'),
    provider.remind('e'),
    provider.downloadSigned('e'),
  ]);
}

it('says whose each call is', async () => {
  const storage = await aServer((_asked, response) => response.end('%PDF'));
  const server = await aServer((_asked, response) =>
    json(response, 200, { envelope_id: 'e', status: 'signed', signed_download_url: `${storage.url}/x` }),
  );
  const own = createAtlasProvider(aClient(server.url));
  const accounts = async (provider: SigningProvider) => {
    const before = server.asked.length;
    await callAll(provider);
    const asked = server.asked.slice(before);
    expect(asked.length).toBeGreaterThanOrEqual(14);
    return [...new Set(asked.map(({ headers }) => headers['atlas-account']))];
  };
  expect(await accounts(own.forTenant('acme'))).toEqual(['ext_acme']);
  const organisation = '0b8f7d0e-6f0e-4b57-9f4f-2f0c4f0a1c11';
  expect(await accounts(own.forTenant(organisation))).toEqual([organisation]);
  expect(await accounts(own)).toEqual([undefined]);
  // Where a link leads away from Atlas neither key nor account goes along.
  expect(storage.asked.map(({ headers }) => [headers.authorization, headers['atlas-account']])).toEqual(
    storage.asked.map(() => [undefined, undefined]),
  );
  expect(storage.asked.length).toBeGreaterThan(0);
});
