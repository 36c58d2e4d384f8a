/** The DocuSign driver over the real account client, at a stand-in of its own. */
import { PDFDocument, StandardFonts } from '@cantoo/pdf-lib';
import { onTestFinished } from 'vitest';
import type { FieldByAnchor } from '../../src/deal/policy.js';
import type { Party } from '../../src/deal/party.js';
import type { DocusignAccount } from '../../src/docusign/account.js';
import { startDocusignSandbox, type DocusignSandbox, type Switches } from '../../src/sandbox/docusign/server.js';
import { createDocusignProvider, type DocusignProviderOptions } from '../../src/signing/docusign/provider.js';
import { ProviderError, type EnvelopeDraft, type SigningProvider } from '../../src/signing/provider.js';
import { anAccount, KEY, PUBLIC_PEM, settingsFor } from '../docusign/local-docusign.js';

export const PARTIES: Party[] = [
  { email: 'ann@customer.test', name: 'Ann Lee', role: 'Customer', order: 1, kind: 'signer' },
  { email: 'bob@seller.test', role: 'Seller', order: 2, kind: 'signer' },
  { email: 'files@seller.test', order: 3, kind: 'cc' },
];
export const FIELDS: FieldByAnchor[] = [
  { kind: 'signature', role: 'Customer', anchor: '/s1/', xOffset: 4 },
  { kind: 'date', role: 'Customer', anchor: '/d1/' },
  { kind: 'signature', role: 'Seller', anchor: '/s2/', yOffset: -6, optional: false },
  { kind: 'text', role: 'Seller', anchor: '/t2/', label: 'po_number', optional: true },
];

export async function aContract(texts: readonly string[] = ['Order form /s1/ /d1/', '/s2/ /t2/']): Promise<Uint8Array> {
  const document = await PDFDocument.create();
  const font = await document.embedFont(StandardFonts.Helvetica);
  for (const text of texts) document.addPage().drawText(text, { font, size: 12 });
  return document.save();
}

export interface DocusignWorld {
  sandbox: DocusignSandbox;
  account: DocusignAccount;
  provider: SigningProvider;
  /** Paths of the calls so far, as `GET /envelopes?envelope_ids=…`, without what was read of them. */
  calls: string[];
  draft: (over?: Partial<EnvelopeDraft>) => EnvelopeDraft;
  /** Creates a draft, and sends it where it says so; answers its id. */
  envelope: (options?: { sent?: boolean; over?: Partial<EnvelopeDraft> }) => Promise<string>;
}

export async function aDocusignWorld(
  switches: Partial<Switches> = {},
  options: Partial<DocusignProviderOptions> = {},
): Promise<DocusignWorld> {
  const sandbox = await startDocusignSandbox({
    integrationKeys: [{ key: KEY, publicKeys: [PUBLIC_PEM], redirectUris: [] }],
    settings: { connect_retry: 'none', ...switches },
  });
  onTestFinished(() => sandbox.stop());
  const settings = await settingsFor(sandbox.url, { userId: sandbox.users[0]?.userId ?? '' });
  const opened = anAccount(settings);
  const calls: string[] = [];
  const account: DocusignAccount = {
    ...opened,
    call(call) {
      calls.push(`${call.method} ${call.path}`);
      return opened.call(call);
    },
  };
  const provider = createDocusignProvider(account, {
    reviewPage: (dealId) => `https://countersign.example/review/${dealId}`,
    returnPage: (envelopeId) => `https://countersign.example/go?id=${envelopeId}`,
    looksMs: [0, 20],
    lookAgainMs: [20],
    ...options,
  });
  const bytes = await aContract();
  const world: DocusignWorld = {
    sandbox,
    account,
    provider,
    calls,
    draft: (over = {}) => ({
      document: { name: 'contract-42.pdf', contentType: 'application/pdf', bytes },
      transport: 'multipart',
      fields: FIELDS,
      parties: PARTIES,
      externalId: 'deal-42/r1',
      clientReferenceId: '42',
      ...over,
    }),
    async envelope({ sent = false, over = {} } = {}) {
      const { envelopeId } = await provider.createEnvelope(world.draft(over), 'a key');
      if (sent) await provider.sendEnvelope(envelopeId, { parties: PARTIES, fieldsVersion: null }, 'a key');
      return envelopeId;
    },
  };
  return world;
}

/** The error a promise ends with; fails when it does not. */
export async function providerErrorOf(promise: Promise<unknown>): Promise<ProviderError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof ProviderError) return outcome;
  throw new Error('no ProviderError was thrown', { cause: outcome });
}
