import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Account, ApiKey } from '../model.js';
import { Refusal } from '../refusal.js';
import type { World } from '../world.js';
import type { Answer } from './answers.js';
import { addApiRoute, type Call } from './api.js';
import { read } from './reading.js';

const newAccountSchema = z.object({
  external_id: z.string().regex(/^[\w.-]{1,64}$/),
  name: z.string().min(1).max(200),
  billing_mode: z.enum(['platform_pays', 'child_pays']).default('platform_pays'),
  initial_credits: z.number().int().min(0).default(0),
});

const changeSchema = z.object({ status: z.enum(['active', 'suspended']) });

/** Connected accounts: the tenants of a platform (Atlas notes 16). */
export function addPlatformRoutes(app: FastifyInstance, world: World): void {
  const { accounts, store } = world;
  const ok = (body: unknown): Answer => ({ status: 200, body });

  addApiRoute(app, world, { method: 'POST', url: '/api/platform/connected-accounts' }, (call) => () => {
    const { organisation } = platformOf(call);
    const given = read(newAccountSchema, call.body.values);
    const known = accounts
      .connectedTo(organisation)
      .find(({ connected }) => connected?.externalId === given.external_id);
    const account: Account = known ?? {
      id: randomUUID(),
      credits: given.initial_credits,
      ...{ spent: 0, refunded: 0, suspended: false },
      connected: {
        platform: organisation,
        externalId: given.external_id,
        name: given.name,
        billing: given.billing_mode,
      },
    };
    if (!known) store.accounts.put(account);
    return ok({
      success: true,
      connected_org_id: account.id,
      external_id: given.external_id,
      created: !known,
      next_step: 'Send Atlas-Account with every call',
    });
  });

  addApiRoute(app, world, { method: 'GET', url: '/api/platform/connected-accounts' }, (call) => () => {
    return ok({ connected_accounts: accounts.connectedTo(platformOf(call).organisation).map(shown) });
  });

  addApiRoute(app, world, { method: 'PATCH', url: '/api/platform/connected-accounts/:id' }, (call) => () => {
    const account = accounts.connectedTo(platformOf(call).organisation).find(({ id }) => id === call.id);
    if (!account) throw new Refusal(404, 'not_found', 'There is no such connected account');
    account.suspended = read(changeSchema, call.body.values).status === 'suspended';
    store.accounts.put(account);
    return ok({ success: true, ...shown(account) });
  });
}

function platformOf(call: Call): ApiKey {
  const key = call.key();
  if (key.platform !== true) throw new Refusal(403, 'platform_key_required', 'Only a platform key may do this');
  return key;
}

function shown({ id, suspended, connected }: Account): Record<string, unknown> {
  return {
    connected_org_id: id,
    external_id: connected?.externalId ?? null,
    name: connected?.name ?? null,
    billing_mode: connected?.billing ?? null,
    status: suspended ? 'suspended' : 'active',
  };
}
