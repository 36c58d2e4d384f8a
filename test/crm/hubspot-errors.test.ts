import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Crm } from '../../src/crm/crm.js';
import { hubspotMapping } from '../../src/crm/hubspot/mapping.js';
import { SCOPES } from '../../src/sandbox/hubspot/server.js';
import { aRecord, aSignedPdf, PDF_BYTES, saying } from './contract.js';
import { aHubSpotAccount, MAPPING, TRIGGER, type TestAccount } from './hubspot-account.js';

let hubspot: TestAccount;
let crm: Crm;

beforeAll(async () => {
  for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy']) vi.stubEnv(name, undefined);
  hubspot = await aHubSpotAccount();
});
beforeEach(async () => {
  ({ crm } = await hubspot.open());
});
afterEach(async () => {
  hubspot.faults.clear();
  await crm.close();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await hubspot.close();
});

const write = (changes = {}) => crm.record(aRecord({ dealId: hubspot.aDeal(), ...changes }), 'w');
const answering = (status: number, body: unknown = {}, headers: Record<string, string> = {}) =>
  hubspot.faults.add({ on: /^PATCH/, when: 'before', as: { status, headers, body: JSON.stringify(body) } });

describe('what HubSpot refuses', () => {
  it('names the variable when the token is not taken', async () => {
    const { crm: stranger } = await hubspot.open(MAPPING, { token: 'pat-eu1-of-somebody-else' });
    const refused = stranger.record(aRecord({ dealId: hubspot.aDeal() }), 'w');
    await expect(refused).rejects.toMatchObject({ kind: 'refused', message: saying('HUBSPOT_ACCESS_TOKEN') });
    await stranger.close();
  });

  it.each([
    ['crm.objects.deals.read', () => crm.withdrawn({ dealId: '1', round: 1 })],
    ['crm.objects.deals.write', () => write()],
    ['crm.objects.contacts.write', () => write({ note: 'overdue' })],
    [
      'files',
      (dealId: string) => crm.attach({ dealId, round: 1, envelopeId: 'e' }, aSignedPdf(), async () => PDF_BYTES, 'w'),
    ],
  ])('names the scope that is missing: %s', async (scope, work) => {
    const poor = await aHubSpotAccount({ scopes: SCOPES.filter((name) => name !== scope) });
    const opened = await hubspot.open(MAPPING, { url: poor.url });
    const [rich, own] = [hubspot, crm];
    [hubspot, crm] = [poor, opened.crm];
    try {
      await expect(work(poor.aDeal())).rejects.toMatchObject({ kind: 'refused', message: saying(scope) });
    } finally {
      [hubspot, crm] = [rich, own];
      await opened.crm.close();
      await poor.close();
    }
  });

  it('names a property that is missing or does not take the value, and never the value', async () => {
    const refused = write({ crmStage: 'a stage with jane.doe@example.com' });
    await expect(refused).rejects.toMatchObject({ kind: 'refused', message: saying('dealstage (INVALID_OPTION)') });
    await expect(refused).rejects.not.toMatchObject({ message: saying('jane.doe') });
    const other = hubspotMapping.parse({ ...MAPPING, properties: { reviewUrl: 'no_such_property' } });
    const { crm: mistaken } = await hubspot.open(other);
    await expect(mistaken.record(aRecord({ dealId: hubspot.aDeal() }), 'w')).rejects.toMatchObject({
      kind: 'refused',
      message: saying('no_such_property (PROPERTY_DOESNT_EXIST)'),
    });
    await mistaken.close();
  });

  it.each([400, 403, 409, 413, 415])('takes a %i without a reason for a no', async (status) => {
    answering(status);
    await expect(write()).rejects.toMatchObject({ name: 'CrmError', kind: 'refused', message: saying(String(status)) });
  });

  it('shows no more of a strange answer than names and codes', async () => {
    answering(400, {
      category: 'see https://x.example/?token=secret',
      errors: [{ context: { propertyName: ['<b>'] } }],
    });
    await expect(write()).rejects.toMatchObject({ message: saying('[unreadable]') });
  });
});

describe('what passes by itself', () => {
  it.each([408, 423, 425, 429, 477, 500, 502, 503, 504, 521, 524])('takes a %i for a later', async (status) => {
    answering(status);
    await expect(write()).rejects.toMatchObject({ name: 'CrmError', kind: 'unavailable' });
  });

  it.each([
    ['Retry-After in seconds', 429, {}, { 'retry-after': '7' }, 7_000],
    ['Retry-After above the policy', 429, { policyName: 'DAILY' }, { 'retry-after': '9' }, 9_000],
    ['the rolling limit', 429, { policyName: 'TEN_SECONDLY_ROLLING' }, {}, 10_000],
    ['the limit of the search', 429, { policyName: 'SECONDLY' }, {}, 1_000],
    ['the daily limit', 429, { policyName: 'DAILY' }, {}, 3_600_000],
    ['a locked record', 423, {}, {}, 2_000],
    ['an account that is being moved', 477, {}, { 'retry-after': '3600' }, 3_600_000],
    ['nothing said', 503, {}, {}, undefined],
  ])('waits as long as told: %s', async (_case, status, body, headers, retryAfterMs) => {
    answering(status, body, headers);
    await expect(write()).rejects.toMatchObject({ kind: 'unavailable', retryAfterMs });
  });

  it('waits for a date, too', async () => {
    answering(429, {}, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() });
    const error: unknown = await write().catch((thrown: unknown) => thrown);
    const { retryAfterMs = 0 } = error as { retryAfterMs?: number };
    expect(retryAfterMs).toBeGreaterThan(50_000);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
  });

  it('meets the limits of the account itself, and does not try again on its own', async () => {
    const dealId = hubspot.aDeal();
    const before = { ...hubspot.limiter.limits };
    hubspot.limiter.limits = { ...before, perTenSeconds: 0 };
    const calls = hubspot.calls.length;
    await expect(crm.record(aRecord({ dealId }), 'w')).rejects.toMatchObject({
      kind: 'unavailable',
      retryAfterMs: 10_000,
      message: saying('TEN_SECONDLY_ROLLING'),
    });
    expect(hubspot.calls).toHaveLength(calls + 1);
    hubspot.limiter.limits = before;
  });

  it('gives up a connection that says nothing', async () => {
    const { crm: hasty } = await hubspot.open(MAPPING, { silenceMs: 150 });
    hubspot.faults.add({ when: 'before', as: 'silence' });
    const dealId = hubspot.aDeal();
    const late = hasty.record(aRecord({ dealId }), 'w');
    await expect(late).rejects.toMatchObject({ kind: 'unavailable', message: saying('ETIMEDOUT') });
    await hasty.record(aRecord({ dealId }), 'w');
    expect(hubspot.stored(dealId, 1)).toBeDefined();
    await hasty.close();
  });

  it('is unavailable where nothing listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await new Promise((closed) => server.close(closed));
    const { crm: lost } = await hubspot.open(MAPPING, { url: `http://127.0.0.1:${port}` });
    const lostWrite = lost.record(aRecord({ dealId: '1' }), 'w');
    await expect(lostWrite).rejects.toMatchObject({ kind: 'unavailable', message: saying('ECONNREFUSED') });
    await lost.close();
  });
});

describe('looking at the account before deals are written', () => {
  const checked = async (changes: Record<string, unknown>) => {
    const opened = await hubspot.open(hubspotMapping.parse({ ...MAPPING, ...changes }));
    try {
      await opened.crm.check();
    } finally {
      await opened.crm.close();
    }
  };

  it('finds nothing amiss, and writes nothing', async () => {
    const before = hubspot.calls.length;
    await checked({});
    expect(hubspot.calls.slice(before).every((call) => call.startsWith('GET '))).toBe(true);
  });

  it('lists every property and stage that is missing', async () => {
    const mistaken = checked({
      triggers: { [TRIGGER]: 'order-form', nostage: 'nda' },
      document: 'nowhere',
      properties: { reason: 'a_reason', version: 'a_version' },
    });
    for (const part of [
      'a_reason (create it, of type string)',
      'a_version (create it, of type number)',
      'nowhere',
      'nostage',
    ])
      await expect(mistaken).rejects.toMatchObject({ kind: 'refused', message: saying(part) });
  });

  it('finds a property of the wrong type, and one that cannot be written', async () => {
    hubspot.account.define('deals', { name: 'fixed', type: 'string', readOnly: true });
    const mistaken = checked({ properties: { version: 'dealname', signedAt: 'amount', reason: 'fixed' } });
    for (const part of ['dealname is of type string', 'amount is of type number', 'fixed is read-only'])
      await expect(mistaken).rejects.toMatchObject({ kind: 'refused', message: saying(part) });
  });

  it.each(['crm.objects.deals.read', 'crm.objects.contacts.read', 'files'])('misses the scope %s', async (scope) => {
    const poor = await aHubSpotAccount({ scopes: SCOPES.filter((name) => name !== scope) });
    const opened = await poor.open();
    await expect(opened.crm.check()).rejects.toMatchObject({ kind: 'refused', message: saying(scope) });
    await opened.crm.close();
    await poor.close();
  });
});
