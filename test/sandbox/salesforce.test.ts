import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SignJWT } from 'jose';
import { startSalesforce, type Salesforce } from '../../src/sandbox/salesforce/server.js';

const KEYS = generateKeyPairSync('rsa', { modulusLength: 2048 });
const USER = 'countersign@example.com';

describe('the stand-in for Salesforce', () => {
  let salesforce: Salesforce;
  let token: string;
  let deal: string;

  beforeAll(async () => {
    salesforce = await startSalesforce({
      clientId: 'app',
      publicKey: KEYS.publicKey,
      users: [USER, 'sam@example.com'],
      approved: [USER],
      fields: {
        Order__c: { type: 'double', precision: 18, scale: 0 },
        Locked__c: { type: 'string', updateable: false },
        When__c: { type: 'datetime' },
      },
      pageSize: 3,
    });
    token = String((await login()).body['access_token']);
    deal = salesforce.records.insert('Opportunity', {
      Name: "O'Hara",
      StageName: 'Prospecting',
      CloseDate: '2026-12-31',
    });
  });
  afterAll(() => salesforce.close());

  async function login(
    changes: { iss?: string; sub?: string; aud?: string; exp?: number; alg?: string; grant?: string } = {},
  ) {
    const assertion = await new SignJWT()
      .setProtectedHeader({ alg: changes.alg ?? 'RS256' })
      .setIssuer(changes.iss ?? 'app')
      .setSubject(changes.sub ?? USER)
      .setAudience(changes.aud ?? salesforce.url)
      .setExpirationTime(Math.floor(Date.now() / 1000) + (changes.exp ?? 60))
      .sign(KEYS.privateKey);
    const form = { grant_type: changes.grant ?? 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion };
    const answer = await fetch(`${salesforce.url}/services/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams(form),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  async function call(method: string, path: string, body?: unknown, session = token) {
    const answer = await fetch(`${salesforce.url}/services/data/v62.0${path}`, {
      method,
      headers: { authorization: `Bearer ${session}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  }
  const query = (soql: string, all = false) =>
    call('GET', `/${all ? 'queryAll' : 'query'}?q=${encodeURIComponent(soql)}`);
  const error = (status: number, errorCode: string) => ({ status, body: [expect.objectContaining({ errorCode })] });

  it.each([
    [{ iss: 'another' }, 'invalid_client_id'],
    [{ aud: 'https://login.salesforce.com' }, 'invalid_grant'],
    [{ exp: -60 }, 'invalid_grant'],
    [{ exp: 3600 }, 'invalid_grant'],
    [{ alg: 'RS512' }, 'invalid_grant'],
    [{ sub: 'nobody@example.com' }, 'invalid_grant'],
    [{ sub: 'sam@example.com' }, 'invalid_app_access'],
    [{ grant: 'password' }, 'unsupported_grant_type'],
  ])('lets nobody in with %j', async (changes, code) => {
    expect(await login(changes)).toMatchObject({ status: 400, body: { error: code } });
  });

  it('takes no call without a session', async () => {
    expect(await call('GET', '/sobjects/Task/describe', undefined, 'forged')).toMatchObject(
      error(401, 'INVALID_SESSION_ID'),
    );
  });

  it.each([
    ['SELECT Id', 'MALFORMED_QUERY'],
    ['SELECT Id FROM Opportunity WHERE', 'MALFORMED_QUERY'],
    ["SELECT Id FROM Opportunity WHERE Name = 'O'Hara'", 'MALFORMED_QUERY'],
    ["SELECT Id FROM Opportunity WHERE Name = '\\x'", 'MALFORMED_QUERY'],
    ['SELECT Id FROM Opportunity; DELETE', 'MALFORMED_QUERY'],
    ['SELECT COUNT() FROM Opportunity', 'MALFORMED_QUERY'],
    ['SELECT Id FROM ContentDocumentLink', 'MALFORMED_QUERY'],
    ['SELECT Id FROM Deal__c', 'INVALID_TYPE'],
    ['SELECT Nope__c FROM Opportunity', 'INVALID_FIELD'],
    ['SELECT Id FROM Opportunity WHERE Nope__c = null', 'INVALID_FIELD'],
    ['SELECT Account.Nope FROM Opportunity', 'INVALID_FIELD'],
    ['SELECT Owner.Name FROM Opportunity', 'INVALID_FIELD'],
    ['SELECT Id, (SELECT Id FROM Nothings) FROM Opportunity', 'INVALID_FIELD'],
  ])('does not answer %s', async (soql, code) => {
    expect(await query(soql)).toMatchObject(error(400, code));
  });

  it('finds records by their texts, whatever the case, with escaped quotes', async () => {
    const found = await query(
      "SELECT Id, Name, Account.Name FROM Opportunity WHERE Name = 'o\\'HARA' AND (Order__c = null OR Order__c > 5)",
    );
    expect(found).toMatchObject({
      status: 200,
      body: { done: true, totalSize: 1, records: [{ Id: deal, Account: null }] },
    });
  });

  it('gives long answers by pages', async () => {
    for (const nth of [1, 2, 3, 4]) salesforce.records.insert('Account', { Name: `Account ${nth}` });
    const first = await query('SELECT Id FROM Account ORDER BY Id');
    expect(first.body).toMatchObject({ done: false, totalSize: 4 });
    const { nextRecordsUrl } = first.body as { nextRecordsUrl: string };
    expect(await call('GET', nextRecordsUrl.replace('/services/data/v62.0', ''))).toMatchObject({
      body: { done: true, records: [{}] },
    });
  });

  it('shows deleted records to those who ask for them', async () => {
    const lost = salesforce.records.insert('Opportunity', {
      Name: 'Lost',
      StageName: 'Closed Lost',
      CloseDate: '2026-12-31',
    });
    salesforce.records.delete('Opportunity', lost);
    expect(await query(`SELECT Id FROM Opportunity WHERE Id = '${lost}'`)).toMatchObject({ body: { totalSize: 0 } });
    expect(await query(`SELECT Id, IsDeleted FROM Opportunity WHERE Id = '${lost.slice(0, 15)}'`, true)).toMatchObject({
      body: { records: [{ IsDeleted: true }] },
    });
    expect(await call('PATCH', `/sobjects/Opportunity/${lost}`, { Name: 'x' })).toMatchObject(
      error(404, 'ENTITY_IS_DELETED'),
    );
  });

  it.each([
    [{ Nope__c: 1 }, 'INVALID_FIELD'],
    [{ Locked__c: 'x' }, 'INVALID_FIELD_FOR_INSERT_UPDATE'],
    [{ Id: '006' }, 'INVALID_FIELD_FOR_INSERT_UPDATE'],
    [{ Order__c: '1' }, 'JSON_PARSER_ERROR'],
    [{ Order__c: 1e18 }, 'NUMBER_OUTSIDE_VALID_RANGE'],
    [{ Name: 'x'.repeat(121) }, 'STRING_TOO_LONG'],
    [{ When__c: 'soon' }, 'JSON_PARSER_ERROR'],
    [{ StageName: null }, 'REQUIRED_FIELD_MISSING'],
    [{ AccountId: '001Wx0000999999AAA' }, 'INVALID_CROSS_REFERENCE_KEY'],
  ])('refuses the update %j, and all of it', async (fields, code) => {
    expect(await call('PATCH', `/sobjects/Opportunity/${deal}`, { Amount: 7, ...fields })).toMatchObject(
      error(400, code),
    );
    expect(salesforce.records.find('Opportunity', deal)).toMatchObject({ Amount: null });
  });

  it('knows no record and no object that there is none of', async () => {
    expect(await call('PATCH', '/sobjects/Opportunity/006Wx0000999999AAA', {})).toMatchObject(error(404, 'NOT_FOUND'));
    expect(await call('GET', '/sobjects/Deal__c/describe')).toMatchObject(error(404, 'NOT_FOUND'));
    expect(await call('DELETE', `/sobjects/Opportunity/${deal}`)).toMatchObject(error(405, 'METHOD_NOT_ALLOWED'));
  });

  it('keeps moments to the second and trims texts', async () => {
    expect(
      await call('PATCH', `/sobjects/Opportunity/${deal}`, {
        When__c: '2026-03-01T11:00:00.987+01:00',
        Name: ' Deal ',
      }),
    ).toEqual({ status: 204, body: undefined });
    expect(salesforce.records.find('Opportunity', deal)).toMatchObject({
      When__c: '2026-03-01T10:00:00.000+0000',
      Name: 'Deal',
    });
  });

  it('links a file in the step that takes it, with its checksum', async () => {
    const file = {
      PathOnClient: 'a.txt',
      VersionData: Buffer.from('hello').toString('base64'),
      FirstPublishLocationId: deal,
    };
    expect(await call('POST', '/sobjects/ContentVersion', file)).toMatchObject({
      status: 201,
      body: { success: true },
    });
    const links = await query(
      `SELECT ContentDocument.LatestPublishedVersion.Checksum FROM ContentDocumentLink WHERE LinkedEntityId = '${deal}'`,
    );
    const checksum = { ContentDocument: { LatestPublishedVersion: { Checksum: '5d41402abc4b2a76b9719d911017c592' } } };
    expect(links.body).toMatchObject({ records: [checksum] });
    expect(await call('POST', '/sobjects/ContentVersion', { Title: 'no data' })).toMatchObject(
      error(400, 'REQUIRED_FIELD_MISSING'),
    );
  });

  it('takes no task with a status that tasks do not have', async () => {
    const task = { WhatId: deal, Status: 'Erledigt' };
    expect(await call('POST', '/sobjects/Task', task)).toMatchObject(
      error(400, 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST'),
    );
  });

  it('takes no body above 50 MB', async () => {
    // Only told, not sent: a client in the midst of its body may lose an answer that comes before the end.
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': 50 * 1024 * 1024 + 1,
    };
    const asked = request(`${salesforce.url}/services/data/v62.0/sobjects/ContentVersion`, { method: 'POST', headers });
    asked.flushHeaders();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    asked.destroy();
    expect(answer.statusCode).toBe(413);
  });

  it('cuts a call before or after it took effect', async () => {
    salesforce.faults.cut(1, 'before');
    await expect(call('PATCH', `/sobjects/Opportunity/${deal}`, { Amount: 1 })).rejects.toThrow();
    expect(salesforce.records.find('Opportunity', deal)).toMatchObject({ Amount: null });
    salesforce.faults.cut(1, 'after');
    await expect(call('PATCH', `/sobjects/Opportunity/${deal}`, { Amount: 2 })).rejects.toThrow();
    expect(salesforce.records.find('Opportunity', deal)).toMatchObject({ Amount: 2 });
  });
});
