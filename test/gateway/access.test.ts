import { describe, expect, it } from 'vitest';
import { snapshotOf } from '../../src/deal/showing.js';
import { aDealIn } from '../support/deals.js';
import { aGateway, aStart, TOKENS } from './a-gateway.js';

const ROUTES = [
  { method: 'POST', url: '/deals', payload: aStart(), roles: ['crm', 'operator'] },
  { method: 'GET', url: '/deals/42', payload: undefined, roles: ['viewer', 'reviewer', 'operator'] },
  { method: 'POST', url: '/deals/42/review', payload: { decision: 'approve' }, roles: ['reviewer', 'operator'] },
  { method: 'GET', url: '/deals/42/sign-link', payload: undefined, roles: ['operator'] },
  { method: 'POST', url: '/deals/42/cancel', payload: { reason: 'lost' }, roles: ['crm', 'operator'] },
  {
    method: 'POST',
    url: '/deals/42/amend',
    payload: { reason: 'typo', document: { uri: 'file:b.pdf' } },
    roles: ['operator'],
  },
  { method: 'POST', url: '/deals/42/resume', payload: {}, roles: ['operator'] },
  { method: 'POST', url: '/deals/42/remind', payload: {}, roles: ['operator'] },
] as const;

const TABLE = ROUTES.flatMap((route) => TOKENS.map(({ role }) => ({ ...route, role })));

describe('a token', () => {
  it.each(TABLE)(
    'of the role $role opens $method $url only where the table says so',
    async ({ role, roles, ...route }) => {
      const gateway = aGateway();
      if (route.url.endsWith('/sign-link'))
        gateway.deals.answers.read = () => ({ kind: 'deal', snapshot: snapshotOf(aDealIn('out-for-signature')) });
      const { method, url, payload } = route;
      const answer = await gateway.as(role, { method, url, ...(payload && { payload }) });
      const allowed = (roles as readonly string[]).includes(role);
      expect(answer.statusCode).toBe(allowed ? (url === '/deals' ? 202 : 200) : 403);
      if (!allowed)
        expect(answer.json()).toMatchObject({ detail: expect.stringContaining(`The role ${role} may not`) as unknown });
      expect(gateway.provider.asked.length > 0).toBe(allowed && url.endsWith('/sign-link'));
      expect(gateway.deals.started.length + gateway.deals.told.length > 0).toBe(allowed && method === 'POST');
    },
  );

  it.each([
    ['none', undefined],
    ['an unknown one', 'Bearer not-a-token-of-anybody'],
    ['another scheme', `Basic ${TOKENS[3]?.token}`],
    ['an empty one', 'Bearer '],
    ['a known one and more', `Bearer ${TOKENS[3]?.token}x`],
  ])('is needed: %s is refused before the body is read', async (_what, authorization) => {
    const gateway = aGateway();
    for (const { method, url } of ROUTES) {
      const answer = await gateway.app.inject({
        method,
        url,
        headers: { ...(authorization !== undefined && { authorization }), 'content-type': 'application/json' },
        ...(method === 'POST' && { payload: '{"broken' }),
      });
      expect(answer.statusCode).toBe(401);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="countersign"/);
    }
    expect([gateway.deals.started, gateway.deals.told, gateway.provider.asked]).toEqual([[], [], []]);
  });
});

describe('a gateway without tokens', () => {
  const call = (headers: Record<string, string>) =>
    aGateway({ tokens: null }).app.inject({ method: 'GET', url: '/deals/42', headers });

  it('serves whoever calls it directly from its own machine', async () => {
    expect((await call({ host: 'localhost:8080' })).statusCode).toBe(200);
    expect((await call({ host: '127.0.0.1:8080' })).statusCode).toBe(200);
    expect((await call({ host: '[::1]:8080' })).statusCode).toBe(200);
  });

  it('serves nobody through a tunnel, a proxy or a name that leads to it', async () => {
    expect((await call({ host: 'abcd.tunnel.example' })).statusCode).toBe(401);
    expect((await call({ host: 'localhost.evil.example:8080' })).statusCode).toBe(401);
    expect((await call({ host: 'localhost:8080', 'x-forwarded-for': '203.0.113.9' })).statusCode).toBe(401);
  });

  it('lets the developer speak in any name', async () => {
    const gateway = aGateway({ tokens: null });
    const approve = (payload: object) =>
      gateway.app.inject({ method: 'POST', url: '/deals/42/review', headers: { host: 'localhost' }, payload });
    await approve({ decision: 'approve' });
    await approve({ decision: 'approve', reviewer: 'rita' });
    expect(gateway.deals.told.map(({ message }) => message)).toEqual([
      { decision: 'approve', reviewer: 'dev' },
      { decision: 'approve', reviewer: 'rita' },
    ]);
  });
});
