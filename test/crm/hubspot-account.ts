/** A HubSpot account with the properties that Countersign writes, the driver on it, and a look behind it. */
import { createHash } from 'node:crypto';
import { createHubSpotCrm } from '../../src/crm/hubspot/crm.js';
import { createHubSpotIntake } from '../../src/crm/hubspot/intake.js';
import { openCalls, type HubSpotAccount } from '../../src/crm/hubspot/calls.js';
import { hubspotMapping, type HubSpotMapping } from '../../src/crm/hubspot/mapping.js';
import { roundOf } from '../../src/crm/record-order.js';
import type { OpenCrm } from '../../src/crm/driver.js';
import type { CrmRecord } from '../../src/deal/state.js';
import { FINAL_STAGES, OPEN_STAGES } from '../../src/deal/stages.js';
import type { StoredFile } from '../../src/sandbox/hubspot/account.js';
import { startHubSpot, type HubSpot, type HubSpotOptions } from '../../src/sandbox/hubspot/server.js';

export const TRIGGER = 'contractrequested';

/** Stages of the account's pipeline; the second is the one that records of the contract tests name. */
const STAGE_IDS = ['qualified', 'Contract drafted', TRIGGER, 'contractsent', 'closedwon', 'closedlost'];

export const MAPPING = hubspotMapping.parse({
  triggers: { [TRIGGER]: 'order-form' },
  withdrawn: ['closedlost'],
  parties: [
    { contact: 'Signer', role: 'Customer' },
    { email: 'cfo@seller.example', name: 'Chris Finance', role: 'Company' },
  ],
  document: 'contract_url',
  round: 'contract_round',
  prefill: { company: 'dealname', amount: 'amount' },
});

export interface TestAccount extends HubSpot {
  /** A deal in the trigger stage, with all that its contract needs; answers its id. */
  aDeal(properties?: Record<string, string>): string;
  open(mapping?: HubSpotMapping, changes?: Partial<HubSpotAccount>): Promise<OpenCrm>;
  stored(dealId: string, round: number): CrmRecord | undefined;
  /** Texts of the notes that carry no file, by version. */
  notes(dealId: string): string[];
  files(dealId: string): StoredFile[];
  attached(dealId: string): string[];
  value(dealId: string, property: string): string | null;
}

export async function aHubSpotAccount(options: HubSpotOptions = {}): Promise<TestAccount> {
  const hubspot = await startHubSpot({
    stages: STAGE_IDS,
    limits: { perTenSeconds: 100_000, searchPerSecond: 1_000 },
    ...options,
  });
  const { account } = hubspot;
  const own = MAPPING.properties;
  const texts = [own.envelopeId, own.reviewUrl, own.stage, own.outcome, own.reason, own.documentType, own.problem];
  for (const name of [...texts, 'contract_url']) if (name) account.define('deals', { name, type: 'string' });
  account.define('deals', { name: own.signedAt ?? '', type: 'datetime' });
  for (const name of [own.version, 'contract_round']) account.define('deals', { name, type: 'number' });

  const notesOf = (dealId: string) =>
    account.linked(dealId, 'notes').map(({ id }) => account.record('notes', id).properties);

  const files = (dealId: string): StoredFile[] =>
    notesOf(dealId)
      .flatMap((note) => note['hs_attachment_ids']?.split(';') ?? [])
      .flatMap((id) => account.files.find((file) => file.id === id) ?? []);

  return {
    ...hubspot,

    aDeal(properties = {}) {
      const given = { dealname: 'Example Ltd', amount: '1200', contract_url: 'https://files.example/7.pdf' };
      const { id } = account.create('deals', { ...given, dealstage: TRIGGER, ...properties }, 'CRM_UI');
      const signer = { email: 'sam@buyer.example', firstname: 'Sam', lastname: 'Signer' };
      account.linkContact(id, account.create('contacts', signer, 'CRM_UI').id, ['Signer']);
      return id;
    },

    async open(mapping = MAPPING, changes = {}) {
      const calls = await openCalls({ token: hubspot.token, url: hubspot.url, silenceMs: 2_000, ...changes });
      return { crm: createHubSpotCrm(calls, mapping), intake: createHubSpotIntake(calls, mapping) };
    },

    stored(dealId, round) {
      const { properties, lastWrite } = account.record('deals', dealId);
      const order = Number(properties[own.version] ?? '0');
      const stage = [...OPEN_STAGES, ...FINAL_STAGES].find((name) => name === value(own.stage));
      if (roundOf(order) !== round || !stage) return undefined;
      function value(name: string | null): string | null {
        return name === null ? null : (properties[name] ?? null);
      }
      return {
        dealId,
        round,
        version: order - round * 1_000_000_000,
        stage,
        ...(lastWrite['dealstage'] !== undefined && { crmStage: lastWrite['dealstage'] }),
        documentType: value(own.documentType) ?? '',
        envelopeId: value(own.envelopeId),
        reviewUrl: value(own.reviewUrl),
        outcome: value(own.outcome),
        reason: value(own.reason),
        signedAt: value(own.signedAt),
      };
    },

    notes: (dealId) =>
      notesOf(dealId)
        .filter((note) => !note['hs_attachment_ids'])
        .map((note) => textOf(note['hs_note_body'] ?? '')),

    files,
    attached: (dealId) => files(dealId).map(({ bytes }) => createHash('sha256').update(bytes).digest('hex')),
    value: (dealId, property) => account.record('deals', dealId).properties[property] ?? null,
  };
}

/** A note as a person reads it, without its marker. */
function textOf(body: string): string {
  return body
    .replace(/<p>\[countersign [^\]]*\]<\/p>$/, '')
    .replace(/<\/?p>/g, '')
    .replace(/<br>/g, '\n')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&');
}
