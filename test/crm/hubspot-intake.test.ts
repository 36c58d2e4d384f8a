import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OpenCrm } from '../../src/crm/driver.js';
import { hubspotMapping } from '../../src/crm/hubspot/mapping.js';
import { aRecord } from './contract.js';
import { keepsTheIntakeContract } from './intake-contract.js';
import { aHubSpotAccount, MAPPING, TRIGGER, type TestAccount } from './hubspot-account.js';

let hubspot: TestAccount;
let open: OpenCrm;

beforeAll(() => {
  for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy']) vi.stubEnv(name, undefined);
});
beforeEach(async () => {
  hubspot = await aHubSpotAccount();
  open = await hubspot.open();
});
afterEach(async () => {
  await open.crm.close();
  await hubspot.close();
});
afterAll(() => {
  vi.unstubAllEnvs();
});

const look = (dealId: string) => open.intake.look(dealId);
const move = (dealId: string, dealstage: string) => hubspot.account.update('deals', dealId, { dealstage }, 'CRM_UI');

function link(dealId: string, labels: string[], properties: Record<string, string> = { email: 'kim@buyer.example' }) {
  const { id } = hubspot.account.create('contacts', properties, 'CRM_UI');
  hubspot.account.linkContact(dealId, id, labels);
  return id;
}

describe('deals of HubSpot', () => {
  keepsTheIntakeContract(() => ({
    ...open,
    enter: async () => hubspot.aDeal(),
    withdraw: async (dealId) => void move(dealId, 'closedlost'),
    again: async (dealId, round) =>
      void hubspot.account.update('deals', dealId, { contract_round: String(round), dealstage: TRIGGER }, 'CRM_UI'),
    told: async (dealId) => hubspot.value(dealId, MAPPING.properties.problem ?? ''),
    unknown: '99999999',
  }));
});

describe('a deal that wants a contract', () => {
  it('asks for it with its document and its signers in their order', async () => {
    const dealId = hubspot.aDeal();
    expect(await look(dealId)).toEqual({
      kind: 'wanted',
      recorded: false,
      request: {
        dealId,
        round: 1,
        documentType: 'order-form',
        document: { uri: 'https://files.example/7.pdf' },
        parties: [
          { email: 'sam@buyer.example', name: 'Sam Signer', role: 'Customer', role_type: 'signer', order: 1 },
          { email: 'cfo@seller.example', name: 'Chris Finance', role: 'Company', role_type: 'signer', order: 2 },
        ],
      },
    });
  });

  it('brings what fills a template when it has no document, but for what is empty', async () => {
    const requestOf = async (properties: Record<string, string>) =>
      ((await look(hubspot.aDeal(properties))) as { request: Record<string, unknown> }).request;
    const filled = await requestOf({ contract_url: '' });
    expect(filled).not.toHaveProperty('document');
    expect(filled['prefill']).toEqual({ company: 'Example Ltd', amount: '1200' });
    expect((await requestOf({ contract_url: '', amount: '' }))['prefill']).toEqual({ company: 'Example Ltd' });
  });

  it('is recorded once its run has written to it, whatever becomes of its contacts', async () => {
    const dealId = hubspot.aDeal();
    await open.crm.record(aRecord({ dealId, crmStage: TRIGGER }), 'w');
    link(dealId, ['Signer']);
    expect(await look(dealId)).toMatchObject({ kind: 'wanted', recorded: true, request: { dealId, round: 1 } });
  });

  it('is wanted anew when a person raises its round', async () => {
    const dealId = hubspot.aDeal();
    await open.crm.record(aRecord({ dealId, crmStage: TRIGGER }), 'w');
    hubspot.account.update('deals', dealId, { contract_round: '2' }, 'CRM_UI');
    expect(await look(dealId)).toMatchObject({ kind: 'wanted', recorded: false, request: { round: 2 } });
  });
});

describe('a deal that no contract can be made of', () => {
  it.each(['0', '1.5', '-1', '100000'])('has no round %s', async (contract_round) => {
    const found = await look(hubspot.aDeal({ contract_round }));
    expect(found).toMatchObject({ kind: 'unfit', why: expect.stringContaining('contract_round') as string });
  });

  it('says which label no contact has, whatever its case', async () => {
    const { id } = hubspot.account.create('deals', { dealstage: TRIGGER }, 'CRM_UI');
    expect(await look(id)).toEqual({
      kind: 'unfit',
      why: 'For the role "Customer" no contact of the deal has the label "Signer".',
    });
    link(id, ['Decision maker', 'SIGNER']);
    expect(await look(id)).toMatchObject({ kind: 'wanted' });
  });

  it('says that two contacts have the label of one, and names nobody', async () => {
    const dealId = hubspot.aDeal();
    link(dealId, ['Signer']);
    const found = await look(dealId);
    expect(found).toMatchObject({ kind: 'unfit' });
    expect(JSON.stringify(found)).toContain('2 contacts');
    expect(JSON.stringify(found)).not.toMatch(/@|Sam|kim/);
  });

  it('says that the signer has no e-mail address', async () => {
    const { id } = hubspot.account.create('deals', { dealstage: TRIGGER }, 'CRM_UI');
    link(id, ['Signer'], { firstname: 'Kim' });
    expect(await look(id)).toMatchObject({
      kind: 'unfit',
      why: expect.stringContaining('no e-mail address') as string,
    });
  });

  it('takes the only contact for the primary one, and of several the one with that label', async () => {
    const mapping = hubspotMapping.parse({
      ...MAPPING,
      parties: [{ contact: 'primary', role: 'Customer', kind: 'cc' }],
    });
    const { crm, intake } = await hubspot.open(mapping);
    const { id } = hubspot.account.create('deals', { dealstage: TRIGGER }, 'CRM_UI');
    expect(await intake.look(id)).toMatchObject({ kind: 'unfit' });
    link(id, []);
    expect(await intake.look(id)).toMatchObject({
      request: { parties: [{ email: 'kim@buyer.example', role_type: 'cc' }] },
    });
    link(id, [], { email: 'lee@buyer.example' });
    expect(await intake.look(id)).toMatchObject({ kind: 'unfit' });
    link(id, ['Primary'], { email: 'max@buyer.example' });
    expect(await intake.look(id)).toMatchObject({ request: { parties: [{ email: 'max@buyer.example' }] } });
    await crm.close();
  });

  it('is told why at the deal, once, until a contract is made', async () => {
    const dealId = hubspot.aDeal();
    await open.intake.explain(dealId, 'no signer');
    const calls = hubspot.calls.filter((call) => call.startsWith('PATCH')).length;
    await open.intake.explain(dealId, 'no signer');
    expect(hubspot.calls.filter((call) => call.startsWith('PATCH'))).toHaveLength(calls);
    expect(hubspot.value(dealId, 'countersign_problem')).toBe('no signer');
  });
});

describe('any other deal', () => {
  it('is left alone in a stage that the mapping does not name, and where it never was', async () => {
    expect(await look(hubspot.aDeal({ dealstage: 'qualified' }))).toEqual({ kind: 'other' });
    expect(await look('99999999')).toEqual({ kind: 'other' });
    expect(await look('../../x')).toEqual({ kind: 'other' });
  });

  it('is withdrawn when it was lost, deleted or merged', async () => {
    const [lost, deleted, loser] = [hubspot.aDeal(), hubspot.aDeal(), hubspot.aDeal()];
    move(lost, 'closedlost');
    hubspot.account.archiveDeal(deleted);
    hubspot.account.mergeDeals(lost, loser);
    expect(await look(lost)).toEqual({ kind: 'withdrawn', why: 'moved to closedlost' });
    expect(await look(deleted)).toEqual({ kind: 'withdrawn', why: 'deleted in HubSpot' });
    expect(await look(loser)).toEqual({ kind: 'withdrawn', why: 'merged into another deal in HubSpot' });
  });

  it('is harmless when Countersign moved it itself', async () => {
    const dealId = hubspot.aDeal();
    await open.crm.record(aRecord({ dealId, crmStage: 'contractsent' }), 'w');
    expect(await look(dealId)).toEqual({ kind: 'other' });
  });
});

describe('the deals that wait for their contract', () => {
  async function waiting(): Promise<string[]> {
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await open.intake.wanting(cursor);
      found.push(...page.dealIds);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    return found;
  }

  it('are found page by page, each once', async () => {
    const deals = Array.from({ length: 230 }, () => hubspot.aDeal());
    hubspot.aDeal({ dealstage: 'qualified' });
    expect(await waiting()).toEqual(deals);
  });

  it('are those that nothing was written to, and those whose round was raised', async () => {
    const [fresh, running, again] = [hubspot.aDeal(), hubspot.aDeal(), hubspot.aDeal()];
    for (const dealId of [running, again]) await open.crm.record(aRecord({ dealId, crmStage: TRIGGER }), 'w');
    hubspot.account.update('deals', again, { contract_round: '2' }, 'CRM_UI');
    expect(await waiting()).toEqual([fresh, again]);
    await open.crm.record(aRecord({ dealId: again, round: 2, crmStage: TRIGGER }), 'w');
    expect(await waiting()).toEqual([fresh]);
  });

  it('are seen only when the search has caught up, and taken back ones longer than they should', async () => {
    const dealId = hubspot.aDeal();
    hubspot.settings.searchDelayMs = 60_000;
    expect(await waiting()).toEqual([]);
    hubspot.settings.searchDelayMs = 0;
    expect(await waiting()).toEqual([dealId]);
  });

  it('wait while the search is over its limit', async () => {
    hubspot.limiter.limits = { ...hubspot.limiter.limits, searchPerSecond: 0 };
    await expect(open.intake.wanting()).rejects.toMatchObject({ kind: 'unavailable', retryAfterMs: 1_000 });
  });
});
