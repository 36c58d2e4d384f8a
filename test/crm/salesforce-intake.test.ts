import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { aRecord, saying } from './contract.js';
import { keepsTheIntakeContract } from './intake-contract.js';
import { aWorld, type World } from './salesforce-world.js';

describe('deals of Salesforce', () => {
  let world: World;
  beforeAll(async () => {
    for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy']) vi.stubEnv(name, undefined);
    world = await aWorld();
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await world.salesforce.close();
  });

  /** A deal that has all that its contract needs. */
  function aReadyDeal(fields = {}): string {
    const account = world.salesforce.records.insert('Account', { Name: 'Example Ltd' });
    const given = {
      AccountId: account,
      Amount: 1200.5,
      Contract_Document__c: 'https://example.com/order.pdf',
      ...fields,
    };
    const deal = world.aDeal({ StageName: 'Contract Requested', ...given });
    world.addContact(deal, 'Sam', 'sam@example.com', { primary: true });
    world.addContact(deal, 'Lee', 'lee@example.com', { role: 'Legal' });
    world.addContact(deal, 'Pat', 'pat@example.com', { role: 'Evaluator' });
    return deal;
  }

  keepsTheIntakeContract(() => ({
    crm: world.crm,
    intake: world.intake,
    enter: async () => aReadyDeal(),
    withdraw: async (dealId) => world.salesforce.moveTo(dealId, 'Closed Lost'),
    again: async (dealId, round) =>
      world.salesforce.records.update('Opportunity', dealId, {
        Contract_Round__c: round,
        StageName: 'Contract Requested',
      }),
    told: async (dealId) => {
      const told = world.row(dealId)['Countersign_Problem__c'];
      return typeof told === 'string' ? told : null;
    },
    unknown: '006Wx0000999999AAA',
  }));

  it('are read in one query, with contacts by role and the document', async () => {
    const deal = aReadyDeal();
    const before = world.salesforce.calls.length;
    expect(await world.intake.look(deal)).toEqual({
      kind: 'wanted',
      recorded: false,
      request: {
        dealId: deal,
        documentType: 'order-form',
        round: 1,
        document: { uri: 'https://example.com/order.pdf' },
        parties: [
          { email: 'sam@example.com', name: 'Sam', role: 'Customer', order: 1 },
          { email: 'lee@example.com', name: 'Lee', role: 'Lawyer', role_type: 'cc', order: 2 },
          { email: 'kim@example.com', name: 'Kim', role: 'Company', order: 3 },
        ],
      },
    });
    expect(world.salesforce.calls).toHaveLength(before + 1);
  });

  it('are known by the shorter form of their id, and become the longer', async () => {
    const deal = aReadyDeal();
    expect(await world.intake.look(deal.slice(0, 15))).toMatchObject({ request: { dealId: deal } });
  });

  it('bring what fills a template when they have no document, but for what is empty', async () => {
    const filled = await world.intake.look(aReadyDeal({ Contract_Document__c: null }));
    expect(filled).toMatchObject({ kind: 'wanted', request: { prefill: { company: 'Example Ltd', amount: 1200.5 } } });
    expect(filled).not.toHaveProperty('request.document');
    const empty = await world.intake.look(aReadyDeal({ AccountId: null, Amount: null, Contract_Document__c: null }));
    expect(empty).toMatchObject({ kind: 'wanted', request: { prefill: {} } });
  });

  it('are no concern in other stages, when unknown, or under an id of something else', async () => {
    expect(await world.intake.look(world.aDeal())).toEqual({ kind: 'other' });
    expect(await world.intake.look('006Wx0000999999AAA')).toEqual({ kind: 'other' });
    expect(await world.intake.look("x' OR Name != '")).toEqual({ kind: 'other' });
  });

  it('are no new ones after Countersign itself moved them on', async () => {
    const deal = aReadyDeal();
    await world.crm.record(aRecord({ dealId: deal }), 'w');
    expect(await world.intake.look(deal)).toEqual({ kind: 'other' });
  });

  it('are withdrawn when lost or deleted', async () => {
    const deal = aReadyDeal({ StageName: 'Closed Lost' });
    expect(await world.intake.look(deal)).toEqual({ kind: 'withdrawn', why: 'moved to Closed Lost' });
    world.salesforce.records.delete('Opportunity', deal);
    expect(await world.intake.look(deal)).toEqual({ kind: 'withdrawn', why: 'deleted in Salesforce' });
  });

  it('are recorded once their round was written, and wanted again in the next', async () => {
    const deal = aReadyDeal();
    const { crmStage: _, ...record } = aRecord({ dealId: deal });
    await world.crm.record(record, 'w');
    expect(await world.intake.look(deal)).toMatchObject({ kind: 'wanted', recorded: true, request: { round: 1 } });
    world.salesforce.records.update('Opportunity', deal, { Contract_Round__c: 2 });
    expect(await world.intake.look(deal)).toMatchObject({ kind: 'wanted', recorded: false, request: { round: 2 } });
  });

  it.each([
    [
      'no primary contact',
      {},
      (deal: string) => world.addContact(deal, 'Lee', 'lee@example.com', { role: 'Legal' }),
      'no primary contact',
    ],
    [
      'two contacts for one role',
      {},
      (deal: string) => {
        world.addContact(deal, 'Sam', 'sam@example.com', { primary: true });
        for (const name of ['Lee', 'Lou']) world.addContact(deal, name, `${name}@example.com`, { role: 'Legal' });
      },
      '2 contacts for one: leave only one contact with the role “Legal”',
    ],
    [
      'a contact without an e-mail address',
      {},
      (deal: string) => world.addContact(deal, 'Sam', null, { primary: true }),
      'The primary contact has no e-mail address',
    ],
    ['a round that is none', { Contract_Round__c: 0 }, () => undefined, 'Contract_Round__c must be a whole number'],
  ])('are unfit with %s, in words without names', async (_what, fields, prepare, words) => {
    const deal = world.aDeal({ StageName: 'Contract Requested', ...fields });
    prepare(deal);
    const found = await world.intake.look(deal);
    expect(found).toEqual({ kind: 'unfit', why: saying(words) });
    expect(JSON.stringify(found)).not.toMatch(/Sam|Lee|@/);
  });

  it('do not count a contact whose role was taken away', async () => {
    const deal = aReadyDeal();
    const [role] = world.salesforce.records
      .rows('OpportunityContactRole')
      .filter((row) => row['OpportunityId'] === deal);
    world.salesforce.records.delete('OpportunityContactRole', String(role?.['Id']));
    expect(await world.intake.look(deal)).toMatchObject({ kind: 'unfit' });
  });

  it('are told why no contract comes of them, once for the same words, until one does', async () => {
    const deal = aReadyDeal();
    const before = world.writes().length;
    await world.intake.explain(deal, 'The opportunity has no primary contact.\nAdd one.');
    await world.intake.explain(deal, 'The opportunity has no primary contact.\nAdd one. ');
    await world.intake.explain('006Wx0000999999AAA', 'no such deal');
    expect(world.writes().slice(before)).toEqual(['PATCH Opportunity']);
    expect(world.row(deal)).toMatchObject({
      Countersign_Problem__c: 'The opportunity has no primary contact.\nAdd one.',
    });
    await world.crm.record(aRecord({ dealId: deal }), 'w');
    expect(world.row(deal)).toMatchObject({ Countersign_Problem__c: null });
  });

  it('that wait for their contract are listed page by page, with those whose round was raised', async () => {
    const busy = await aWorld();
    const waiting = Array.from({ length: 230 }, () => busy.aDeal({ StageName: "Renewal \\ 'asked'" }));
    const written = { StageName: 'Contract Requested', Countersign_Version__c: 1_000_000_004 };
    busy.aDeal(written);
    const raised = busy.aDeal({ ...written, Contract_Round__c: 2 });
    busy.aDeal({ ...written, Contract_Round__c: 2, Countersign_Version__c: 2_000_000_001 });
    busy.aDeal();
    const deleted = busy.aDeal({ StageName: 'Contract Requested' });
    busy.salesforce.records.delete('Opportunity', deleted);

    const first = await busy.intake.wanting();
    expect(first.dealIds).toEqual(waiting.slice(0, 200));
    const second = await busy.intake.wanting(first.next ?? '');
    expect(second).toEqual({ dealIds: [...waiting.slice(200), raised], next: null });
    await expect(busy.intake.wanting("' OR Id != '")).rejects.toMatchObject({ kind: 'refused' });
    await busy.salesforce.close();
  });

  it('are listed by a mapping that has no rounds', async () => {
    const plain = await aWorld({}, { round: undefined });
    const deal = plain.aDeal({ StageName: 'Contract Requested' });
    plain.aDeal({ StageName: 'Contract Requested', Countersign_Version__c: 1_000_000_004 });
    expect(await plain.intake.wanting()).toEqual({ dealIds: [deal], next: null });
    await plain.salesforce.close();
  });
});
