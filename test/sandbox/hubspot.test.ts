import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SCOPES, startHubSpot, type HubSpot, type HubSpotOptions } from '../../src/sandbox/hubspot/server.js';

let hubspot: HubSpot;

beforeEach(async () => {
  hubspot = await startHubSpot();
});
afterEach(() => hubspot.close());

async function restarted(options: HubSpotOptions): Promise<void> {
  await hubspot.close();
  hubspot = await startHubSpot(options);
}

type Answer = { status: number; headers: Headers; body: Record<string, unknown> };

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const json = body !== undefined && !(body instanceof FormData);
  const answer = await fetch(`${hubspot.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${hubspot.token}`,
      ...(json && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: json ? JSON.stringify(body) : body }),
  });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
}

const aDeal = (properties: Record<string, string> = {}) =>
  hubspot.account.create('deals', { dealname: 'Example', dealstage: 'qualified', ...properties }, 'CRM_UI').id;

describe('a call', () => {
  it('needs the token of the app', async () => {
    const refused = await call('GET', `/crm/v3/objects/deals/${aDeal()}`, undefined, { authorization: 'Bearer x' });
    expect(refused).toMatchObject({ status: 401, body: { status: 'error', category: 'INVALID_AUTHENTICATION' } });
  });

  it('needs its scope, and is told which', async () => {
    await restarted({ scopes: SCOPES.filter((scope) => scope !== 'crm.objects.deals.write') });
    const refused = await call('PATCH', `/crm/v3/objects/deals/${aDeal()}`, { properties: {} });
    expect(refused).toMatchObject({
      status: 403,
      body: {
        category: 'MISSING_SCOPES',
        errors: [{ context: { requiredGranularScopes: ['crm.objects.deals.write'] } }],
      },
    });
  });

  it('to another address finds no route, which is not the same as no deal', async () => {
    expect(await call('GET', '/crm/v9/x')).toMatchObject({ status: 404, body: { category: 'NOT_FOUND' } });
    expect(await call('GET', '/crm/v3/objects/deals/1')).toMatchObject({
      status: 404,
      body: { category: 'OBJECT_NOT_FOUND' },
    });
  });

  it('is limited in ten seconds and in a day, and sees what is left', async () => {
    await restarted({ limits: { perTenSeconds: 2 } });
    const path = `/crm/v3/objects/deals/${aDeal()}`;
    expect((await call('GET', path)).headers.get('x-hubspot-ratelimit-remaining')).toBe('1');
    await call('GET', path);
    expect(await call('GET', path)).toMatchObject({
      status: 429,
      body: { errorType: 'RATE_LIMIT', policyName: 'TEN_SECONDLY_ROLLING' },
    });
    await restarted({ limits: { daily: 0 } });
    expect(await call('GET', path)).toMatchObject({ status: 429, body: { policyName: 'DAILY' } });
  });

  it.each([
    ['before', null],
    ['after', '5'],
  ] as const)('can go wrong %s it took effect', async (when, amount) => {
    const id = aDeal();
    hubspot.faults.add({ on: /^PATCH/, nth: 2, when, as: 'hang-up' });
    const write = (value: string) => call('PATCH', `/crm/v3/objects/deals/${id}`, { properties: { amount: value } });
    expect(await write('')).toMatchObject({ status: 200 });
    await expect(write('5')).rejects.toThrow();
    expect(hubspot.account.record('deals', id).properties['amount']).toBe(amount);
    expect(await write('6')).toMatchObject({ status: 200 });
  });
});

describe('a deal', () => {
  const read = (id: string, query = '') => call('GET', `/crm/v3/objects/deals/${id}${query}`);

  it('shows the properties that were asked for, and keeps silent of unknown ones', async () => {
    const { body } = await read(aDeal({ amount: '7' }), '?properties=amount&properties=unknown,dealname');
    expect(body['properties']).toEqual({
      hs_object_id: expect.any(String) as string,
      amount: '7',
      dealname: 'Example',
    });
  });

  it.each([
    [{ no_such: 'x' }, 'PROPERTY_DOESNT_EXIST'],
    [{ hs_object_id: '1' }, 'READ_ONLY_VALUE'],
    [{ amount: 'much' }, 'INVALID_DOUBLE'],
    [{ dealstage: 'nowhere' }, 'INVALID_OPTION'],
    [{ dealname: 'x'.repeat(65_537) }, 'INVALID_LENGTH'],
  ])('refuses %o whole', async (bad, code) => {
    const id = aDeal();
    const refused = await call('PATCH', `/crm/v3/objects/deals/${id}`, { properties: { amount: '5', ...bad } });
    expect(refused).toMatchObject({
      status: 400,
      body: { category: 'VALIDATION_ERROR', errors: [{ code, context: { propertyName: Object.keys(bad) } }] },
    });
    expect(hubspot.account.record('deals', id).properties['amount']).toBeUndefined();
  });

  it.each([
    [{}],
    [{ properties: { amount: 5 } }],
    [{ properties: { amount: null } }],
    [{ properties: {}, more: 1 }],
    [[]],
  ])('refuses the body %o', async (body) => {
    expect(await call('PATCH', `/crm/v3/objects/deals/${aDeal()}`, body)).toMatchObject({ status: 400 });
  });

  it('is cleared of a value by an empty one', async () => {
    const id = aDeal({ amount: '7' });
    await call('PATCH', `/crm/v3/objects/deals/${id}`, { properties: { amount: '' } });
    expect(hubspot.account.record('deals', id).properties['amount']).toBeNull();
  });

  it('is found as archived once it was deleted, and is whole again when restored', async () => {
    const id = aDeal();
    hubspot.account.archiveDeal(id);
    expect((await read(id)).status).toBe(404);
    expect((await call('PATCH', `/crm/v3/objects/deals/${id}`, { properties: {} })).status).toBe(404);
    expect(await read(id, '?archived=true')).toMatchObject({ status: 200, body: { id, archived: true } });
    hubspot.account.restoreDeal(id);
    expect((await read(id)).status).toBe(200);
  });

  it('that was merged is answered by the other', async () => {
    const [winner, loser] = [aDeal(), aDeal()];
    hubspot.account.mergeDeals(winner, loser);
    expect(await read(loser)).toMatchObject({ status: 200, body: { id: winner } });
  });
});

describe('the search', () => {
  const search = (body: unknown) => call('POST', '/crm/v3/objects/deals/search', body);
  const inStage = (value: string) => ({
    filterGroups: [{ filters: [{ propertyName: 'dealstage', operator: 'EQ', value }] }],
  });

  it('sees a change only after a while', async () => {
    const id = aDeal();
    hubspot.settings.searchDelayMs = 60_000;
    expect((await search(inStage('qualified'))).body['total']).toBe(0);
    hubspot.settings.searchDelayMs = 0;
    expect((await search(inStage('qualified'))).body).toMatchObject({ total: 1, results: [{ id }] });
  });

  it('gives pages', async () => {
    const ids = [aDeal(), aDeal(), aDeal()];
    const first = await search({ ...inStage('qualified'), limit: 2, sorts: ['-hs_object_id'] });
    expect(first.body).toMatchObject({ results: [{ id: ids[2] }, { id: ids[1] }], paging: { next: { after: '2' } } });
    const second = await search({ ...inStage('qualified'), limit: 2, after: '2', sorts: ['-hs_object_id'] });
    expect(second.body['results']).toMatchObject([{ id: ids[0] }]);
    expect(second.body).not.toHaveProperty('paging');
  });

  it.each([
    { limit: 201 },
    { after: '10000' },
    { filterGroups: Array.from({ length: 6 }, () => ({ filters: [] })) },
    { filterGroups: [{ filters: [{ propertyName: 'unknown', operator: 'EQ', value: '1' }] }] },
    { filterGroups: [{ filters: [{ propertyName: 'amount', operator: 'LIKE', value: '1' }] }] },
  ])('refuses %o', async (body) => {
    expect(await search(body)).toMatchObject({ status: 400, body: { category: 'VALIDATION_ERROR' } });
  });

  it('has a limit of its own, and shows no headers of it', async () => {
    await restarted({ limits: { searchPerSecond: 1 } });
    expect((await search({})).headers.get('x-hubspot-ratelimit-max')).toBeNull();
    expect(await search({})).toMatchObject({ status: 429, body: { policyName: 'SECONDLY' } });
  });
});

describe('a file', () => {
  const options = {
    access: 'PRIVATE',
    duplicateValidationStrategy: 'RETURN_EXISTING',
    duplicateValidationScope: 'EXACT_FOLDER',
  };
  function upload(changes: Record<string, string | null> = {}, bytes = '%PDF-1.7'): Promise<Answer> {
    const form = new FormData();
    form.set('file', new File([bytes], 'a.pdf', { type: 'application/pdf' }));
    const fields = { folderPath: '/contracts', options: JSON.stringify(options), ...changes };
    for (const [name, value] of Object.entries(fields)) if (value !== null) form.set(name, value);
    return call('POST', '/files/v3/files', form);
  }

  it('is stored once in a folder when duplicates are looked for', async () => {
    const first = await upload();
    expect(first).toMatchObject({ status: 201, body: { access: 'PRIVATE', path: '/contracts/a.pdf' } });
    expect((await upload()).body['id']).toBe(first.body['id']);
    expect((await upload({ folderPath: '/others' })).body['id']).not.toBe(first.body['id']);
    expect((await upload({}, 'others')).body['path']).toBe('/contracts/a-1.pdf');
    const strict = JSON.stringify({ ...options, duplicateValidationStrategy: 'REJECT' });
    expect((await upload({ options: strict })).status).toBe(409);
  });

  it.each([
    [{ options: null }],
    [{ options: '{}' }],
    [{ options: '{"access":"SECRET"}' }],
    [{ folderPath: null }],
    [{ folderId: '1' }],
  ])('is refused with %o', async (changes) => {
    expect((await upload(changes)).status).toBe(400);
  });

  it('is refused when it is too large, and when it is no form', async () => {
    hubspot.settings.maxFileBytes = 5;
    expect((await upload()).status).toBe(413);
    expect((await call('POST', '/files/v3/files', { file: 'x' })).status).toBe(415);
  });
});

describe('a note', () => {
  const types = [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 214 }];
  const create = (properties: Record<string, string>, associations: unknown[] = []) =>
    call('POST', '/crm/v3/objects/notes', { properties, associations });
  const now = '2026-03-01T10:00:00.000Z';

  it('is linked to its deal from the start, and read in batches', async () => {
    const deal = aDeal();
    const { status, body } = await create({ hs_timestamp: now, hs_note_body: 'hello' }, [{ to: { id: deal }, types }]);
    expect(status).toBe(201);
    const linked = await call('GET', `/crm/v4/objects/deals/${deal}/associations/notes`);
    expect(linked.body['results']).toMatchObject([{ toObjectId: Number(body['id']) }]);
    const read = { properties: ['hs_note_body'], propertiesWithHistory: [], inputs: [{ id: body['id'] }, { id: '1' }] };
    expect(await call('POST', '/crm/v3/objects/notes/batch/read', read)).toMatchObject({
      status: 207,
      body: { results: [{ properties: { hs_note_body: 'hello' } }] },
    });
  });

  it.each([
    ['no time', { hs_note_body: 'x' }, []],
    ['too long a text', { hs_timestamp: now, hs_note_body: 'x'.repeat(65_537) }, []],
    ['a file that is not there', { hs_timestamp: now, hs_attachment_ids: '5' }, []],
    ['a deal that is not there', { hs_timestamp: now }, [{ to: { id: '5' }, types }]],
    [
      'a link of another type',
      { hs_timestamp: now },
      [{ to: { id: '5' }, types: [{ ...types[0], associationTypeId: 3 }] }],
    ],
  ])('is refused with %s', async (_case, properties, associations) => {
    expect((await create(properties, associations)).status).toBe(400);
    expect(hubspot.account.records.notes.size).toBe(0);
  });

  it('is not read among more than a hundred', async () => {
    const inputs = Array.from({ length: 101 }, (_, id) => ({ id: String(id) }));
    const refused = await call('POST', '/crm/v3/objects/notes/batch/read', { properties: [], inputs });
    expect(refused.status).toBe(400);
  });
});

describe('webhooks', () => {
  it('stop at the last try', async () => {
    hubspot.webhooks.subscribe({ url: 'http://127.0.0.1:9/', clientSecret: 'secret' }, { retryMs: [1, 1], batchMs: 1 });
    aDeal();
    await hubspot.webhooks.settled();
    expect(hubspot.webhooks.deliveries.map(({ status, attemptNumber }) => [status, attemptNumber])).toEqual([
      [null, 0],
      [null, 1],
      [null, 2],
    ]);
  });

  it('tell of what was subscribed to, and of the whole life of a deal', async () => {
    hubspot.webhooks.subscribe({ url: 'http://127.0.0.1:9/', clientSecret: 'secret' }, { retryMs: [], batchMs: 1 });
    const [id, other] = [aDeal({ amount: '1' }), aDeal()];
    hubspot.account.update('deals', id, { dealstage: 'qualified' }, 'CRM_UI');
    hubspot.account.update('deals', id, { dealstage: 'closedwon' }, 'CRM_UI');
    hubspot.account.archiveDeal(id);
    hubspot.account.restoreDeal(id);
    hubspot.account.mergeDeals(id, other);
    await hubspot.webhooks.settled();
    const told = hubspot.webhooks.deliveries.flatMap(({ events }) => events.map((event) => event['subscriptionType']));
    expect(told).toEqual([
      ...['deal.creation', 'deal.propertyChange', 'deal.creation', 'deal.propertyChange'],
      ...['deal.propertyChange', 'deal.deletion', 'deal.restore', 'deal.merge'],
    ]);
  });
});
