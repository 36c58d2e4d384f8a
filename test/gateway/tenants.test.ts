/** Whose deal it is, from the door on. */
import { expect, it } from 'vitest';
import { snapshotOf } from '../../src/deal/showing.js';
import { aDealIn, aPolicy } from '../support/deals.js';
import { aGateway, aStart, POLICIES, type AGateway } from './a-gateway.js';

const start = (gateway: AGateway, more: object) =>
  gateway.as('crm', { method: 'POST', url: '/deals', payload: aStart({ ...more }) });

it('takes the tenant of a deal, and leaves the others as they were', async () => {
  const gateway = aGateway();
  expect((await start(gateway, { tenant: 'acme' })).statusCode).toBe(202);
  expect((await start(gateway, {})).statusCode).toBe(202);
  expect(gateway.deals.started[0]).toMatchObject({ tenant: 'acme' });
  expect(gateway.deals.started[1]).not.toHaveProperty('tenant');
});

it.each(['', 'a b', 'ext_acme', 'ada@acme.example', 'x'.repeat(65), 7])('refuses the tenant %j', async (tenant) => {
  const refused = await start(aGateway(), { tenant });
  expect(refused.statusCode).toBe(422);
  expect(refused.json()).toMatchObject({ errors: [{ path: 'tenant' }] });
});

it('goes by Atlas or not at all, and casts no shadow in an account that all share', async () => {
  const [atlas, docusign] = [aPolicy({ shadow: 'docusign' }), aPolicy({ provider: 'docusign' })];
  const policies = new Map([
    ...POLICIES,
    ['there', docusign],
    ['both', { ...atlas, dual: { shares: { atlas: 0, docusign: 100 }, policies: { atlas, docusign } } }],
  ]);
  const gateway = aGateway({ policies, connectKeys: ['key'] });
  expect((await start(gateway, { tenant: 'acme', documentType: 'there' })).json()).toMatchObject({
    status: 422,
    errors: [{ path: 'tenant' }],
  });
  expect((await start(gateway, { tenant: 'acme', documentType: 'both' })).statusCode).toBe(202);
  expect(gateway.deals.started[0]?.policy).toMatchObject({ provider: 'atlas' });
  expect(gateway.deals.started[0]?.policy).not.toHaveProperty('shadow');
});

it('asks the provider in the name of the tenant, and lists by it', async () => {
  const gateway = aGateway();
  const deal = aDealIn('out-for-signature');
  const snapshot = snapshotOf({ ...deal, start: { ...deal.start, tenant: 'acme' } });
  expect(snapshot.tenant).toBe('acme');
  gateway.deals.answers.read = () => ({ kind: 'deal', snapshot });
  await gateway.as('operator', { url: '/deals/42/sign-link' });
  expect(gateway.provider.tenants).toEqual(['acme']);
  await gateway.as('viewer', { url: '/deals?tenant=acme' });
  expect(gateway.deals.listed.at(-1)).toMatchObject({ tenant: 'acme' });
});
