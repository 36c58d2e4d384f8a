/** A Salesforce organization that has been set up for Countersign, and the driver that works in it. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { createSalesforceApi, loadJsforce } from '../../src/crm/salesforce/api.js';
import { createSalesforceCrm } from '../../src/crm/salesforce/crm.js';
import { createSalesforceIntake } from '../../src/crm/salesforce/intake.js';
import type { Credentials } from '../../src/crm/salesforce/login.js';
import { mappingSchema, type Mapping } from '../../src/crm/salesforce/mapping.js';
import { createTurns } from '../../src/crm/turns.js';
import type { Crm } from '../../src/crm/crm.js';
import type { CrmIntake } from '../../src/crm/intake.js';
import { FINAL_STAGES, OPEN_STAGES } from '../../src/deal/stages.js';
import type { CrmRecord } from '../../src/deal/state.js';
import type { Field } from '../../src/sandbox/salesforce/objects.js';
import type { Row, Value } from '../../src/sandbox/salesforce/records.js';
import { startSalesforce, type Salesforce, type SalesforceOptions } from '../../src/sandbox/salesforce/server.js';

export const KEYS = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const USERNAME = 'countersign@example.com';
export const CLIENT_ID = '3MVG9consumerkey';

const text = { type: 'string', length: 255 } satisfies Field;
/** The fields that docs/crm-salesforce.md has an administrator make. */
export const FIELDS: Record<string, Field> = {
  Countersign_Envelope_Id__c: text,
  Countersign_Version__c: { type: 'double', precision: 18, scale: 0 },
  Countersign_Stage__c: text,
  Countersign_Outcome__c: text,
  Countersign_Reason__c: { type: 'textarea', length: 5000 },
  Countersign_Review_Url__c: { type: 'url', length: 255 },
  // A date and time field holds whole seconds, and the contract's records do not.
  Countersign_Signed_At__c: text,
  Countersign_Document_Type__c: text,
  Countersign_Problem__c: { type: 'textarea', length: 5000 },
  Contract_Document__c: { type: 'url', length: 255 },
  Contract_Round__c: { type: 'double', precision: 3, scale: 0 },
};

export const MAPPING = {
  triggers: { 'Contract Requested': 'order-form', "Renewal \\ 'asked'": 'renewal' },
  withdrawn: ['Closed Lost'],
  document: 'Contract_Document__c',
  round: 'Contract_Round__c',
  parties: [
    { contact: 'primary', role: 'Customer' },
    { contact: 'Legal', role: 'Lawyer', kind: 'cc' },
    { email: 'kim@example.com', name: 'Kim', role: 'Company' },
  ],
  prefill: { company: 'Account.Name', amount: 'Amount' },
};

export interface World {
  salesforce: Salesforce;
  mapping: Mapping;
  credentials: Credentials;
  crm: Crm;
  intake: CrmIntake;
  /** A driver of its own on the same organization, as another worker has one. */
  another(credentials?: Partial<Credentials>, callMs?: number): Promise<{ crm: Crm; intake: CrmIntake }>;
  aDeal(fields?: Record<string, Value>): string;
  /** Adds a contact to a deal; null leaves it without an e-mail address. */
  addContact(dealId: string, name: string, email: string | null, how?: { role?: string; primary?: boolean }): void;
  row(dealId: string): Row;
  stored(dealId: string, round: number): CrmRecord | undefined;
  notes(dealId: string): string[];
  attached(dealId: string): string[];
  /** Only the calls that write, as `METHOD object`. */
  writes(): string[];
}

export async function aWorld(
  options: Partial<SalesforceOptions> = {},
  changes: Record<string, unknown> = {},
): Promise<World> {
  const salesforce = await startSalesforce({
    clientId: CLIENT_ID,
    publicKey: KEYS.publicKey,
    users: [USERNAME],
    fields: FIELDS,
    stages: [
      'Prospecting',
      'Contract Requested',
      "Renewal \\ 'asked'",
      'Contract drafted',
      'Closed Won',
      'Closed Lost',
    ],
    ...options,
  });
  const mapping = mappingSchema.parse({ ...MAPPING, ...changes });
  const credentials = { clientId: CLIENT_ID, username: USERNAME, key: KEYS.privateKey, loginUrl: salesforce.url };
  const jsforce = await loadJsforce();
  const another: World['another'] = async (others, callMs) => {
    const api = createSalesforceApi(jsforce, { ...credentials, ...others }, callMs);
    const turns = createTurns();
    return {
      crm: createSalesforceCrm(api, mapping, turns),
      intake: createSalesforceIntake(api, mapping, turns),
    };
  };
  const { records } = salesforce;
  const of = (object: string, by: string, id: string): Row[] => records.rows(object).filter((row) => row[by] === id);

  return {
    salesforce,
    mapping,
    credentials,
    ...(await another()),
    another,
    aDeal: (fields = {}) =>
      records.insert('Opportunity', { Name: 'Deal', StageName: 'Prospecting', CloseDate: '2026-12-31', ...fields }),
    addContact(dealId, name, email, { role, primary = false } = {}) {
      const contact = records.insert('Contact', { LastName: name, Email: email });
      const how = { Role: role ?? null, IsPrimary: primary };
      records.insert('OpportunityContactRole', { OpportunityId: dealId, ContactId: contact, ...how });
    },
    row: (dealId) => records.find('Opportunity', dealId) ?? {},
    stored(dealId, round) {
      const row = records.find('Opportunity', dealId);
      const order = Number(row?.['Countersign_Version__c'] ?? 0);
      const stage = [...OPEN_STAGES, ...FINAL_STAGES].find((each) => each === row?.['Countersign_Stage__c']);
      if (!row || Math.floor(order / 1e9) !== round || !stage) return undefined;
      const read = (name: string): string | null => (row[name] === null ? null : String(row[name]));
      // The company's stage stays as it is when a write names none, so what was written last is told by the write itself.
      const last = salesforce.calls.findLast(({ method, path }) => method === 'PATCH' && path.endsWith(dealId));
      const crmStage = last ? stageIn(last.body) : undefined;
      return {
        dealId,
        round,
        version: order % 1e9,
        stage,
        ...(crmStage !== undefined && { crmStage }),
        documentType: read('Countersign_Document_Type__c') ?? '',
        envelopeId: read('Countersign_Envelope_Id__c'),
        reviewUrl: read('Countersign_Review_Url__c'),
        outcome: read('Countersign_Outcome__c'),
        reason: read('Countersign_Reason__c'),
        signedAt: read('Countersign_Signed_At__c'),
      };
    },
    notes: (dealId) => of('Task', 'WhatId', dealId).map((task) => String(task['Description'])),
    attached: (dealId) =>
      of('ContentDocumentLink', 'LinkedEntityId', dealId).flatMap((link) =>
        of('ContentVersion', 'ContentDocumentId', String(link['ContentDocumentId'])).map((version) =>
          createHash('sha256')
            .update(Buffer.from(String(version['VersionData']), 'base64'))
            .digest('hex'),
        ),
      ),
    writes: () =>
      salesforce.calls
        .filter(({ method }) => method !== 'GET')
        .map(({ method, path }) => `${method} ${path.split('/')[2] ?? ''}`),
  };
}

function stageIn(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('StageName' in body)) return undefined;
  return typeof body.StageName === 'string' ? body.StageName : undefined;
}
