import { describe, expect, it } from 'vitest';
import { DealsUnavailable } from '../../src/gateway/deals.js';
import { aGateway } from './a-gateway.js';

describe('GET /deals/:dealId', () => {
  it('shows the deal', async () => {
    const answer = await aGateway().as('operator', { url: '/deals/42' });
    expect(answer.json()).toMatchObject({ dealId: '42', stage: 'in-review', envelopeId: 'env-1' });
  });

  it('shows the review link only to those who may send the contract', async () => {
    const linkFor = async (role: string) =>
      (await aGateway().as(role, { url: '/deals/42' })).json<{ reviewUrl: string | null }>().reviewUrl;
    expect(await linkFor('viewer')).toBeNull();
    expect(await linkFor('reviewer')).toMatch(/^https:/);
    expect(await linkFor('operator')).toMatch(/^https:/);
  });

  it('knows what it does not know', async () => {
    const gateway = aGateway();
    gateway.deals.answers.read = () => ({ kind: 'unknown' });
    expect((await gateway.as('viewer', { url: '/deals/43' })).json()).toMatchObject({ status: 404 });
    expect((await gateway.as('viewer', { url: '/deals/43?round=2' })).json()).toMatchObject({
      detail: expect.stringContaining('round 2 of deal 43') as unknown,
    });
  });

  it.each([
    ['/deals/a%20b', 404],
    ['/deals/%zz', 400],
    [`/deals/${'x'.repeat(150)}`, 404],
    [`/deals/${'x'.repeat(500)}`, 414],
    ['/deals/42?round=two', 422],
    ['/deals/42?rounds=2', 422],
  ])('refuses %s', async (url, status) => {
    const answer = await aGateway().as('viewer', { url });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  });

  it('says so when no worker answers', async () => {
    const gateway = aGateway();
    gateway.deals.answers.read = () => {
      throw new DealsUnavailable('no-worker', 'No worker answered.');
    };
    expect((await gateway.as('viewer', { url: '/deals/42' })).json()).toMatchObject({
      status: 503,
      type: 'urn:countersign:problem:no-worker',
    });
  });
});

describe('a message to a deal', () => {
  const send = (gateway: ReturnType<typeof aGateway>, name: string, payload: object, headers = {}) =>
    gateway.as('operator', { method: 'POST', url: `/deals/42/${name}`, payload, headers });

  it.each([
    ['review', { decision: 'approve', fieldsVersion: 3 }, { decision: 'approve', fieldsVersion: 3, reviewer: 'olaf' }],
    [
      'review',
      { decision: 'reject', note: 'wrong price' },
      { decision: 'reject', note: 'wrong price', reviewer: 'olaf' },
    ],
    ['cancel', { reason: 'lost the deal' }, { reason: 'lost the deal', by: 'olaf' }],
    [
      'amend',
      { reason: 'new signer', parties: [{ email: 'eve@customer.example' }] },
      { reason: 'new signer', by: 'olaf', parties: [{ email: 'eve@customer.example', order: 1, kind: 'signer' }] },
    ],
    ['resume', { note: 'bought credits' }, { note: 'bought credits', by: 'olaf' }],
    ['remind', {}, { by: 'olaf' }],
  ])('%s goes to the deal in the name of the token', async (name, body, message) => {
    const gateway = aGateway();
    const answer = await send(gateway, name, body);
    expect([answer.statusCode, answer.json()]).toEqual([200, { workflowId: 'deal-42', repeat: false }]);
    expect(gateway.deals.told).toEqual([{ dealId: '42', name, message, updateId: undefined }]);
  });

  it('cannot be sent in the name of somebody else', async () => {
    const gateway = aGateway();
    await send(gateway, 'review', { decision: 'approve', reviewer: 'the boss' });
    await send(gateway, 'cancel', { reason: 'x', by: 'the boss' });
    expect(gateway.deals.told).toMatchObject([{ message: { reviewer: 'olaf' } }, { message: { by: 'olaf' } }]);
  });

  it('cancels in the name of the CRM that took the deal back', async () => {
    const gateway = aGateway();
    const payload = { reason: 'moved back to negotiation', by: 'the boss' };
    const answer = await gateway.as('crm', { method: 'POST', url: '/deals/42/cancel', payload });
    expect(answer.statusCode).toBe(200);
    expect(gateway.deals.told).toMatchObject([{ message: { reason: 'moved back to negotiation', by: 'shop' } }]);
  });

  it.each([
    ['review', {}, 'decision'],
    ['review', { decision: 'maybe' }, 'decision'],
    ['review', { decision: 'approve', fieldsVersion: 1.5 }, 'fieldsVersion'],
    ['review', { decision: 'approve', reviewerr: 'x' }, 'reviewerr'],
    ['review', { decision: 'approve', note: 7 }, 'note'],
    ['cancel', {}, 'reason'],
    ['cancel', { reason: '  ' }, 'reason'],
    ['amend', { reason: 'nothing new' }, ''],
    ['amend', { reason: 'x', parties: [{ email: 'nobody' }] }, 'parties[0].email'],
    ['resume', { note: 1 }, 'note'],
    ['remind', { who: 'all' }, 'who'],
  ])('%s %j is refused before the deal hears of it', async (name, body, path) => {
    const gateway = aGateway();
    const answer = await send(gateway, name, body);
    expect(answer.json()).toMatchObject({ status: 422, errors: [{ path }] });
    expect(gateway.deals.told).toEqual([]);
  });

  it('is refused with the reason when the deal is in no state for it', async () => {
    const gateway = aGateway();
    gateway.deals.answers.tell = () => ({ kind: 'not-now', workflowId: 'deal-42', why: 'the deal is not blocked' });
    expect((await send(gateway, 'resume', {})).json()).toMatchObject({
      status: 409,
      type: 'urn:countersign:problem:not-now',
      detail: 'Not now: the deal is not blocked.',
    });
  });

  it('is refused when the deal has ended, is unknown, or finds it malformed', async () => {
    const gateway = aGateway();
    gateway.deals.answers.tell = () => ({ kind: 'ended', workflowId: 'deal-42', outcome: 'completed' });
    expect((await send(gateway, 'remind', {})).json()).toMatchObject({ status: 409, outcome: 'completed' });
    gateway.deals.answers.tell = () => ({ kind: 'unknown' });
    expect((await send(gateway, 'remind', {})).json()).toMatchObject({ status: 404 });
    gateway.deals.answers.tell = () => ({ kind: 'malformed', workflowId: 'deal-42', why: 'remind expects more' });
    expect((await send(gateway, 'remind', {})).json()).toMatchObject({ status: 422, detail: 'remind expects more' });
  });

  it('may still arrive when no worker took it in time, and says so', async () => {
    const gateway = aGateway();
    gateway.deals.answers.tell = () => {
      throw new DealsUnavailable('no-worker', 'It may still arrive.', { retryAfterSeconds: 10 });
    };
    const answer = await send(gateway, 'cancel', { reason: 'lost' });
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '10']);
  });

  it('carries the same update id for the same Idempotency-Key of the same caller', async () => {
    const gateway = aGateway();
    const key = { 'idempotency-key': 'click-1' };
    await send(gateway, 'review', { decision: 'approve' }, key);
    await send(gateway, 'review', { decision: 'approve' }, key);
    await send(gateway, 'cancel', { reason: 'x' }, key);
    await gateway.as('reviewer', {
      method: 'POST',
      url: '/deals/42/review',
      payload: { decision: 'approve' },
      headers: key,
    });
    const ids = gateway.deals.told.map(({ updateId }) => updateId);
    expect(ids[0]).toMatch(/^review-[0-9a-f]{32}$/);
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(3);
    expect((await send(gateway, 'remind', {}, { 'idempotency-key': 'x'.repeat(256) })).statusCode).toBe(400);
  });
});
