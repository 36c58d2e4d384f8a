/** The tenants of a platform, as Atlas keeps them apart. */
import { expect, it } from 'vitest';
import { aCreate, anAtlasSandbox, type AtlasSandbox } from './an-atlas-sandbox.js';

const PLATFORM = 'platform-key';
const ACCOUNTS = '/api/platform/connected-accounts';
const as = (tenant: string) => ({ 'atlas-account': `ext_${tenant}` });

async function aPlatform(): Promise<AtlasSandbox> {
  const keys = [
    { key: PLATFORM, organisation: 'platform', platform: true },
    { key: 'profile-key', organisation: 'profile' },
  ];
  const atlas = (await anAtlasSandbox({ keys })).as(PLATFORM);
  for (const [external_id, billing_mode] of [
    ['acme', 'platform_pays'],
    ['globex', 'child_pays'],
  ])
    await atlas.call('POST', ACCOUNTS, { external_id, name: external_id, billing_mode });
  return atlas;
}

it('shows an envelope to the account it was created under, and to no other', async () => {
  const atlas = await aPlatform();
  const { envelope_id: id } = await atlas.create({ metadata: { external_id: 'x/r1' } }, as('acme'));
  const seen = async (headers: Record<string, string>) =>
    (await atlas.call('GET', `/api/envelope/${id}`, undefined, headers)).status;
  const listed = async (headers: Record<string, string>) =>
    (await atlas.call('GET', '/api/envelopes?external_id=x/r1', undefined, headers)).body.envelopes.length;
  expect([await seen(as('acme')), await seen(as('globex')), await seen({})]).toEqual([200, 404, 404]);
  expect([await listed(as('acme')), await listed(as('globex')), await listed({})]).toEqual([1, 0, 0]);
  for (const route of ['send', 'void', 'remind'])
    expect((await atlas.call('POST', `/api/envelope/${id}/${route}`, {}, as('globex'))).status).toBe(404);
});

it('keeps idempotency keys of accounts apart', async () => {
  const atlas = await aPlatform();
  const create = async (tenant: string) =>
    (await atlas.call('POST', '/api/envelope', aCreate(), { ...as(tenant), 'idempotency-key': 'k' })).body.envelope_id;
  const first = await create('acme');
  expect(await create('acme')).toBe(first);
  expect(await create('globex')).not.toBe(first);
});

it('makes an account once, refuses unknown ones, and takes no tenant from a profile key', async () => {
  const atlas = await aPlatform();
  const again = await atlas.call('POST', ACCOUNTS, { external_id: 'acme', name: 'Acme' });
  expect(JSON.parse(again.text)).toMatchObject({ success: true, external_id: 'acme', created: false });
  expect((await atlas.call('GET', '/api/envelopes', undefined, as('nobody'))).status).toBe(403);
  expect((await atlas.as('profile-key').call('GET', '/api/envelopes', undefined, as('acme'))).status).toBe(400);
  expect((await atlas.as('profile-key').call('GET', ACCOUNTS)).status).toBe(403);
});

it('takes the credit of a send from whoever pays, and lets a suspended account draft only', async () => {
  const atlas = await aPlatform();
  const send = async (tenant: string) => {
    const { envelope_id: id } = await atlas.create({}, as(tenant));
    await expect
      .poll(async () => (await atlas.call('GET', `/api/envelope/${id}`, undefined, as(tenant))).body.fields_status)
      .toBe('ready');
    return (await atlas.call('POST', `/api/envelope/${id}/send`, {}, as(tenant))).status;
  };
  expect(await send('acme')).toBe(200);
  expect((await atlas.state()).credits).toMatchObject({ [PLATFORM]: 4 });
  expect(await send('globex')).toBe(402);
  const { connected_accounts: accounts } = JSON.parse((await atlas.call('GET', ACCOUNTS)).text) as {
    connected_accounts: { connected_org_id: string; external_id: string }[];
  };
  const id = accounts.find(({ external_id }) => external_id === 'acme')?.connected_org_id;
  await atlas.call('PATCH', `${ACCOUNTS}/${id}`, { status: 'suspended' });
  expect(await send('acme')).toBe(403);
});
