/** The stand-in for DocuSign with an account of the product's own at it, for tests of the feeds. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DocusignAccount } from '../../src/docusign/account.js';
import { openDocusignAccount } from '../../src/docusign/open-account.js';
import type { DeadLetter, Delivered, FeedEntry, FeedSink } from '../../src/docusign/rows.js';
import type { DocusignSettings } from '../../src/docusign/settings.js';
import { startDocusignSandbox, type DocusignSandbox } from '../../src/sandbox/docusign/server.js';

const INTEGRATION_KEY = '7c2b8d7e-83c3-4940-af5e-cda8a50dd73f';
const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

export interface FeedWorld {
  docusign: DocusignSandbox;
  account: DocusignAccount;
  settings: DocusignSettings;
  folder: string;
  /** Below `/_sandbox/docusign`; answers what the stand-in answers. */
  control(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

export async function aFeedWorld(over: Partial<DocusignSettings> = {}): Promise<FeedWorld> {
  const docusign = await startDocusignSandbox({
    integrationKeys: [{ key: INTEGRATION_KEY, publicKeys: [publicKey], redirectUris: [] }],
    settings: { hourly_limit: 1_000_000, burst_limit: 1_000_000 },
  });
  const folder = await mkdtemp(join(tmpdir(), 'countersign-feeds-'));
  const { url } = docusign;
  const settings: DocusignSettings = {
    environment: 'production',
    integrationKey: INTEGRATION_KEY,
    userId: docusign.users[0]?.userId ?? '',
    privateKey,
    redirectUrl: null,
    accountId: docusign.accounts[0]?.accountId ?? '',
    organizationId: docusign.accounts[0]?.organizationId ?? '',
    urls: { auth: url, monitor: url, admin: url, esign: null },
    connectKeys: [],
    feeds: ['customer-events', 'audit-users'],
    maxEvents: 2000,
    maxUsers: 1250,
    monitorApi: 'v2',
    firstLookBackMs: 7 * 24 * 3_600_000,
    sink: { kind: 'postgres' },
    trustAnyCertificate: false,
    folder,
    ...over,
  };
  const account = openDocusignAccount(settings);
  const control: FeedWorld['control'] = async (method, path, body) => {
    const answer = await fetch(`${url}/_sandbox/docusign${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const json = (await answer.json()) as Record<string, unknown>;
    if (!answer.ok) throw new Error(`${method} ${path}: ${JSON.stringify(json)}`);
    return json;
  };
  await control('POST', '/monitor/settings', { interval_ms: 0 });
  return {
    docusign,
    account,
    settings,
    folder,
    control,
    async stop() {
      await account.close();
      await docusign.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface PaperSink extends FeedSink {
  rows: Map<string, FeedEntry['row']>;
  /** Rows that came again. */
  again: number;
  letters: DeadLetter[];
  deadLetter(letter: DeadLetter): Promise<void>;
}

/** Keeps rows by key, as every sink does. */
export function aPaperSink(): PaperSink {
  const sink: PaperSink = {
    rows: new Map(),
    again: 0,
    letters: [],
    async deadLetter(letter) {
      sink.letters.push(letter);
    },
    async deliver(_feed, entries): Promise<Delivered> {
      const fresh = entries.filter(({ key }) => !sink.rows.has(key));
      for (const { key, row } of fresh) sink.rows.set(key, row);
      const repeated = entries.length - fresh.length;
      sink.again += repeated;
      return { written: fresh.length, repeated };
    },
    check: async () => undefined,
    close: async () => undefined,
  };
  return sink;
}
