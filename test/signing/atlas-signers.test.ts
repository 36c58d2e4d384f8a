import { describe, expect, it } from 'vitest';
import { createAtlasProvider } from '../../src/signing/atlas/provider.js';
import type { Signer } from '../../src/signing/provider.js';
import { aClient, aServer, errorOf, json, wholeText } from './local-atlas.js';

async function signersOf(envelope: object): Promise<Signer[] | null> {
  const server = await aServer((_asked, response) => json(response, 200, { id: 'env-1', ...envelope }));
  return createAtlasProvider(aClient(server.url)).signers('env-1');
}

describe('the signers of an envelope', () => {
  it('are told in the order of their turns, named as their progress is, without copies', async () => {
    const parties = [
      { email: 'bob@seller.test', order: 2, status: 'waiting' },
      { email: 'files@seller.test', order: 3, role: 'Archive', role_type: 'cc' },
      { email: ' ann@customer.test ', order: 1, role: 'Customer', status: 'pending' },
    ];
    expect(await signersOf({ status: 'pending', parties })).toEqual([
      { order: 1, role: 'Customer', email: 'ann@customer.test' },
      { order: 2, role: 'signer 2', email: 'bob@seller.test' },
    ]);
  });

  it('take their turns as listed where no order is told', async () => {
    expect(await signersOf({ parties: [{ email: 'a@a.test' }, { email: 'b@b.test' }] })).toMatchObject([
      { order: 1, role: 'signer 1' },
      { order: 2, role: 'signer 2' },
    ]);
  });

  it.each([
    [{}],
    [{ parties: null }],
    [{ parties: [] }],
    [{ parties: 'ann@customer.test' }],
    [{ parties: [{ role: 'Customer', order: 1 }] }],
    [{ parties: [{ email: 'ann@customer.test' }, { email: null, order: 2 }] }],
    [{ parties: [{ email: { address: 'ann@customer.test' }, order: 1 }] }],
    [{ parties: [{ email: 'files@seller.test', role_type: 'cc' }] }],
  ])('are not known from %j', async (envelope) => {
    expect(await signersOf(envelope)).toBeNull();
  });

  it('are in no error', async () => {
    const parties = [{ email: 'ann@customer.test', order: 1 }];
    const error = await errorOf(signersOf({ signed_count: 'ann@customer.test', parties }));
    expect(error.kind).toBe('unreadable');
    expect(wholeText(error)).not.toContain('ann@');
  });
});
