import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { MOST_BYTES } from '../../src/crm/salesforce/crm.js';
import { apiError } from '../../src/sandbox/salesforce/faults.js';
import { aRecord, aSignedPdf, keepsTheCrmContract, PDF_BYTES, saying } from './contract.js';
import { aWorld, FIELDS, type World } from './salesforce-world.js';

describe('the Salesforce CRM', () => {
  let world: World;
  beforeAll(async () => {
    for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy']) vi.stubEnv(name, undefined);
    world = await aWorld();
  });
  beforeEach(() => world.salesforce.faults.clear());
  afterAll(async () => {
    vi.unstubAllEnvs();
    await world.salesforce.close();
  });

  keepsTheCrmContract(() => ({
    crm: world.crm,
    oneRecordADeal: true,
    aDeal: async () => world.aDeal(),
    stored: async (dealId, round) => world.stored(dealId, round),
    notes: async (dealId) => world.notes(dealId),
    attached: async (dealId) => world.attached(dealId),
  }));

  const aRecordOf = (dealId: string, changes = {}) => aRecord({ dealId, ...changes });
  const write = (dealId: string, changes = {}, crm = world.crm) => crm.record(aRecordOf(dealId, changes), 'w');
  const attach = (dealId: string, crm = world.crm) =>
    crm.attach({ dealId, round: 1, envelopeId: 'env_1' }, aSignedPdf(), async () => PDF_BYTES, 'a');

  it('writes a whole record in one update, the stage of the company and the problem that it ends among them', async () => {
    const deal = world.aDeal({ Countersign_Problem__c: 'The opportunity has no primary contact.' });
    const before = world.salesforce.calls.length;
    await write(deal);
    const made = world.salesforce.calls.slice(before);
    expect(made.map(({ method }) => method)).toEqual(['GET', 'PATCH']);
    expect(world.row(deal)).toMatchObject({
      StageName: 'Contract drafted',
      Countersign_Stage__c: 'in-review',
      Countersign_Version__c: 1_000_000_001,
      Countersign_Problem__c: null,
    });
  });

  it('knows a deal by the shorter form of its id', async () => {
    const deal = world.aDeal();
    await write(deal.slice(0, 15));
    expect(world.stored(deal, 1)).toMatchObject({ envelopeId: 'env_1' });
  });

  it.each(["006' OR Id != null OR Id = '", '001Wx0000000001IAA', 'D-7', '006Wx0000000001AAA/../x'])(
    'takes no write for %s, which is no id of an opportunity, to Salesforce',
    async (dealId) => {
      const before = world.salesforce.calls.length;
      await expect(write(dealId)).rejects.toMatchObject({ kind: 'refused', message: saying('006') });
      await expect(attach(dealId)).rejects.toMatchObject({ kind: 'refused' });
      expect(await world.crm.withdrawn({ dealId, round: 1 })).toBeNull();
      expect(world.salesforce.calls).toHaveLength(before);
    },
  );

  it('leaves out what the mapping leaves out', async () => {
    const sparse = await aWorld({}, { fields: { reviewUrl: null, reason: null, problem: null } });
    const deal = sparse.aDeal();
    await sparse.crm.record(aRecordOf(deal, { reason: 'amended' }), 'w');
    expect(sparse.row(deal)).toMatchObject({
      Countersign_Review_Url__c: null,
      Countersign_Reason__c: null,
      Countersign_Envelope_Id__c: 'env_1',
    });
    await sparse.intake.explain(deal, 'why');
    expect(sparse.row(deal)).toMatchObject({ Countersign_Problem__c: null });
    await sparse.salesforce.close();
  });

  it('takes a date and time field for the signature too', async () => {
    const fields = { Signed__c: { type: 'datetime' } } as const;
    const dated = await aWorld({ fields: { ...FIELDS, ...fields } }, { fields: { signedAt: 'Signed__c' } });
    const deal = dated.aDeal();
    await dated.crm.record(aRecordOf(deal, { signedAt: '2026-03-01T10:00:00.123Z' }), 'w');
    expect(dated.row(deal)).toMatchObject({ Signed__c: '2026-03-01T10:00:00.000+0000' });
    await dated.salesforce.close();
  });

  it('shows a note as a done task of the opportunity, and keeps none anew that a person has deleted', async () => {
    const deal = world.aDeal();
    await write(deal, { note: 'The review is overdue.' });
    const [task] = world.salesforce.records.rows('Task').filter((row) => row['WhatId'] === deal);
    expect(task).toMatchObject({
      Subject: 'Countersign: contract note 1.1',
      Status: 'Completed',
      Description: 'The review is overdue.',
    });
    world.salesforce.records.delete('Task', String(task?.['Id']));
    await write(deal, { note: 'The review is overdue.' });
    expect(world.notes(deal)).toHaveLength(1);
  });

  it('files the PDF under a name that people understand', async () => {
    const deal = world.aDeal();
    await world.crm.attach({ dealId: deal, round: 2, envelopeId: 'env/7' }, aSignedPdf(), async () => PDF_BYTES, 'a');
    const version = world.salesforce.records
      .rows('ContentVersion')
      .find((row) => row['FirstPublishLocationId'] === deal);
    expect(version).toMatchObject({ Title: 'Signed contract (round 2)', PathOnClient: 'signed-contract-env_7.pdf' });
  });

  it('finds its file among more links than one page has', async () => {
    const paged = await aWorld({ pageSize: 2 });
    const deal = paged.aDeal();
    for (let file = 0; file < 5; file += 1) {
      const bytes = Buffer.from(`another file ${file}`).toString('base64');
      paged.salesforce.records.insert('ContentVersion', {
        PathOnClient: 'a.txt',
        VersionData: bytes,
        FirstPublishLocationId: deal,
      });
    }
    await attach(deal, paged.crm);
    await attach(deal, paged.crm);
    expect(paged.attached(deal).filter((sha256) => sha256 === aSignedPdf().sha256)).toHaveLength(1);
    await paged.salesforce.close();
  });

  it('uploads no bytes that are not the signed ones, and none that Salesforce would not take', async () => {
    const deal = world.aDeal();
    const others = world.crm.attach(
      { dealId: deal, round: 1, envelopeId: 'e' },
      aSignedPdf(),
      async () => Buffer.from('%PDF forged'),
      'a',
    );
    await expect(others).rejects.toMatchObject({ kind: 'refused', message: saying('sha256') });
    const large = Buffer.alloc(MOST_BYTES + 1);
    const much = world.crm.attach(
      { dealId: deal, round: 1, envelopeId: 'e' },
      aSignedPdf(large),
      async () => large,
      'a',
    );
    await expect(much).rejects.toMatchObject({ kind: 'refused', message: saying('38 MB, and Salesforce takes 37 MB') });
    expect(world.attached(deal)).toEqual([]);
  });

  it('takes a PDF of the most that it takes', async () => {
    const deal = world.aDeal();
    const large = Buffer.alloc(MOST_BYTES, 7);
    await world.crm.attach({ dealId: deal, round: 1, envelopeId: 'e' }, aSignedPdf(large), async () => large, 'a');
    expect(world.attached(deal)).toEqual([aSignedPdf(large).sha256]);
  });

  it('tells a deal that was deleted, or moved to a stage of the lost, from one that is only hidden', async () => {
    const deal = world.aDeal();
    const withdrawn = () => world.crm.withdrawn({ dealId: deal, round: 1 });
    expect(await withdrawn()).toBeNull();
    world.salesforce.moveTo(deal, 'Closed Lost');
    expect(await withdrawn()).toBe('moved to Closed Lost');
    world.salesforce.records.delete('Opportunity', deal);
    expect(await withdrawn()).toBe('deleted in Salesforce');
    world.salesforce.records.erase('Opportunity', deal);
    expect(await withdrawn()).toBeNull();
  });

  it.each(['delete', 'erase'] as const)('says that a deal is gone after %s', async (how) => {
    const deal = world.aDeal();
    world.salesforce.records[how]('Opportunity', deal);
    await expect(write(deal)).rejects.toMatchObject({ name: 'CrmError', kind: 'gone' });
    await expect(attach(deal)).rejects.toMatchObject({ name: 'CrmError', kind: 'gone' });
  });

  it.each([
    [404, 'ENTITY_IS_DELETED'],
    [404, 'NOT_FOUND'],
  ])('takes a %i %s to its update for a deal that was deleted meanwhile', async (status, code) => {
    world.salesforce.faults.next(/^PATCH /, apiError(status, code));
    await expect(write(world.aDeal())).rejects.toMatchObject({ kind: 'gone' });
  });

  it.each([
    [400, 'UNABLE_TO_LOCK_ROW'],
    [403, 'REQUEST_LIMIT_EXCEEDED'],
    [503, 'SERVER_UNAVAILABLE'],
    [500, 'UNKNOWN_EXCEPTION'],
  ])('tries again after a %i %s, and leaves that to its caller', async (status, code) => {
    const before = world.salesforce.calls.length;
    world.salesforce.faults.next(/^GET /, apiError(status, code));
    await expect(write(world.aDeal())).rejects.toMatchObject({ kind: 'unavailable', message: saying(code) });
    expect(world.salesforce.calls).toHaveLength(before + 1);
  });

  it('tries again after a page that is no answer of the API', async () => {
    const page = {
      status: 503,
      headers: { 'content-type': 'text/html; charset=UTF-8' },
      body: '<h1>Down for Maintenance</h1>',
    };
    world.salesforce.faults.next(/^PATCH /, page);
    await expect(write(world.aDeal())).rejects.toMatchObject({ kind: 'unavailable', message: saying('503') });
  });

  it.each([
    [
      apiError(400, 'FIELD_CUSTOM_VALIDATION_EXCEPTION', 'Ask jane.doe@example.com first'),
      'a validation rule says “Ask [e-mail] first”',
    ],
    [
      apiError(400, 'INVALID_FIELD', "No such column 'Countersign_Stage__c' on sobject of type Opportunity"),
      'Countersign_Stage__c',
    ],
    [
      apiError(
        400,
        'INVALID_FIELD_FOR_INSERT_UPDATE',
        'Unable to create/update fields: Countersign_Stage__c, Name. Please check',
        ['Countersign_Stage__c'],
      ),
      'field-level security',
    ],
    [apiError(403, 'INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id'), 'permission set'],
    [
      apiError(400, 'STRING_TOO_LONG', 'data value too large: a secret value', ['Countersign_Review_Url__c']),
      'make it longer (STRING_TOO_LONG, Countersign_Review_Url__c)',
    ],
    [apiError(400, 'SOMETHING_NEW', 'a secret value'), '(SOMETHING_NEW)'],
  ])('blocks on %j with words that say what to mend', async (answer, words) => {
    world.salesforce.faults.next(/^PATCH /, answer);
    const failed: unknown = await write(world.aDeal()).catch((error: unknown) => error);
    expect(failed).toMatchObject({ kind: 'refused', message: saying(words) });
    expect(String(failed)).not.toContain('secret value');
  });

  it('gives up on a Salesforce that stays silent, or stops within an answer', async () => {
    const hasty = await world.another({}, 300);
    const deal = world.aDeal();
    world.salesforce.faults.next(/^GET /, 'silence');
    await expect(write(deal, {}, hasty.crm)).rejects.toMatchObject({ kind: 'unavailable' });
    const cut = {
      status: 200,
      headers: { 'content-type': 'application/json', 'content-length': '5000' },
      body: '{"records"',
    };
    world.salesforce.faults.next(/^GET /, cut);
    await expect(write(deal, {}, hasty.crm)).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('does not follow where an answer points, with its session in hand', async () => {
    const away = { status: 302, headers: { location: 'http://127.0.0.1:1/elsewhere' }, body: '' };
    world.salesforce.faults.next(/^GET /, away);
    const message = saying("not as Salesforce's API does");
    await expect(write(world.aDeal())).rejects.toMatchObject({ kind: 'unavailable', message });
    world.salesforce.faults.next(/^PATCH /, away);
    await expect(write(world.aDeal())).rejects.toMatchObject({ kind: 'unavailable', message });
  });

  it('logs in again when its session has ended, once, however many calls find out', async () => {
    const deals = [world.aDeal(), world.aDeal(), world.aDeal()];
    await write(world.aDeal());
    const before = world.salesforce.tokens.logins;
    world.salesforce.tokens.end();
    await Promise.all(deals.map((deal) => write(deal)));
    expect(world.salesforce.tokens.logins).toBe(before + 1);
    expect(deals.map((deal) => world.stored(deal, 1)?.version)).toEqual([1, 1, 1]);
  });

  it('does not go on logging in for a session that is never taken', async () => {
    const before = world.salesforce.tokens.logins;
    for (let time = 0; time < 2; time += 1) world.salesforce.faults.next(/^GET /, apiError(401, 'INVALID_SESSION_ID'));
    await expect(write(world.aDeal())).rejects.toMatchObject({
      kind: 'refused',
      message: saying('INVALID_SESSION_ID'),
    });
    expect(world.salesforce.tokens.logins).toBe(before + 1);
  });

  it('says when the limit of the day is used up', async () => {
    const poor = await aWorld({ requests: 1 });
    await expect(poor.crm.record(aRecordOf(poor.aDeal()), 'w')).rejects.toMatchObject({
      kind: 'unavailable',
      message: saying('REQUEST_LIMIT'),
    });
    await poor.salesforce.close();
  });

  it('says that nobody listens', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const address = closed.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await new Promise((done) => closed.close(done));
    const lost = await world.another({ loginUrl: `http://127.0.0.1:${port}` });
    await expect(write(world.aDeal(), {}, lost.crm)).rejects.toMatchObject({
      kind: 'unavailable',
      message: saying('ECONNREFUSED'),
    });
  });

  it('is refused with a key that is not that of the app', async () => {
    const stranger = await world.another({ key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey });
    await expect(stranger.crm.check()).rejects.toMatchObject({
      kind: 'refused',
      message: saying('SALESFORCE_PRIVATE_KEY'),
    });
  });

  describe('cut off at any call', () => {
    const rounds = [1, 2, 3, 4].flatMap((nth) => [
      { nth, when: 'before' as const },
      { nth, when: 'after' as const },
    ]);

    it.each(rounds)('writes a record and its note once ($when the effect of call $nth)', async ({ nth, when }) => {
      const deal = world.aDeal();
      const note = 'The review is overdue.';
      world.salesforce.faults.cut(nth, when);
      await expect(write(deal, { note })).rejects.toMatchObject({ kind: 'unavailable' });
      expect(world.salesforce.faults.waiting).toBe(false);
      await write(deal, { note });
      expect(world.stored(deal, 1)).toMatchObject({ version: 1, envelopeId: 'env_1' });
      expect(world.notes(deal)).toEqual([note]);
    });

    it.each(rounds.filter(({ nth }) => nth < 4))(
      'attaches the PDF once ($when the effect of call $nth)',
      async ({ nth, when }) => {
        const deal = world.aDeal();
        world.salesforce.faults.cut(nth, when);
        await expect(attach(deal)).rejects.toMatchObject({ kind: 'unavailable' });
        expect(world.salesforce.faults.waiting).toBe(false);
        const restarted = await world.another();
        await attach(deal, restarted.crm);
        expect(world.attached(deal)).toEqual([aSignedPdf().sha256]);
      },
    );
  });
});
