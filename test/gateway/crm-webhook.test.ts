import { afterEach, describe, expect, it } from 'vitest';
import { BadNotification, type CrmNotifications, type NotificationRequest } from '../../src/crm/intake.js';
import { DealsUnavailable } from '../../src/gateway/deals.js';
import { aGateway, type AGateway } from './a-gateway.js';

/** A CRM whose notifications are lines of deal ids, signed by a word in a header. */
function aCrm(): CrmNotifications & { seen: NotificationRequest[] } {
  const seen: NotificationRequest[] = [];
  return {
    name: 'hubspot',
    seen,
    read(request) {
      seen.push(request);
      if (request.headers['x-word'] !== 'friend')
        throw new BadNotification('bad-signature', 'The signature does not fit.');
      const text = request.body.toString('utf8');
      if (text.includes('{')) throw new BadNotification('malformed', 'The batch cannot be read.');
      return text.split('\n').filter(Boolean);
    },
    acknowledgement: { contentType: 'text/xml', body: '<ack/>' },
  };
}

describe('a notification of the CRM', () => {
  let crm: ReturnType<typeof aCrm>;
  let gateway: AGateway;
  const open = () => {
    crm = aCrm();
    gateway = aGateway({ notifications: crm, publicUrl: 'https://deals.example.com/countersign' });
    return gateway;
  };
  afterEach(() => gateway.app.close());

  const notify = (payload: string, headers: Record<string, string> = { 'x-word': 'friend' }) =>
    gateway.app.inject({
      method: 'POST',
      url: '/crm/hubspot?portal=7',
      headers: { 'content-type': 'application/json', ...headers },
      payload,
    });

  it('is answered as the CRM wants it once Temporal holds it', async () => {
    open();
    const answer = await notify('1\n2');
    expect(answer).toMatchObject({ statusCode: 200, body: '<ack/>' });
    expect(answer.headers['content-type']).toMatch('text/xml');
    expect(gateway.deals.taken).toMatchObject([{ deals: { crm: 'hubspot', dealIds: ['1', '2'] } }]);
  });

  it('is checked over its bytes, and under the address that the CRM called', async () => {
    open();
    await notify('{ not JSON');
    expect(crm.seen).toMatchObject([
      {
        method: 'POST',
        url: 'https://deals.example.com/countersign/crm/hubspot?portal=7',
        body: Buffer.from('{ not JSON'),
      },
    ]);
  });

  it('has the same name at Temporal when it comes again', async () => {
    open();
    await notify('1');
    await notify('1');
    await notify('2');
    const ids = gateway.deals.taken.map(({ id }) => id);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[1]);
  });

  it('wakes nobody when it tells of nothing that matters', async () => {
    open();
    expect((await notify('')).statusCode).toBe(200);
    expect(gateway.deals.taken).toEqual([]);
  });

  it('is refused when it is not signed by the CRM, and leads to nothing', async () => {
    open();
    expect(await notify('1', {})).toMatchObject({ statusCode: 401 });
    expect((await notify('{')).json()).toMatchObject({ status: 400, detail: 'The batch cannot be read.' });
    expect(gateway.deals.taken).toEqual([]);
  });

  it('is left with the CRM while Temporal is away', async () => {
    open();
    gateway.deals.answers.take = () => {
      throw new DealsUnavailable('temporal-unavailable', 'Temporal is away.');
    };
    expect((await notify('1')).statusCode).toBe(503);
  });

  it('is counted by what came of it', async () => {
    open();
    await notify('1');
    await notify('');
    await notify('1', {});
    const text = await gateway.metrics.registry.metrics();
    for (const result of ['taken', 'nothing', 'bad-signature'])
      expect(text).toContain(`countersign_crm_notifications_total{crm="hubspot",result="${result}"} 1`);
  });

  it('has a route, and its description, where the CRM sends some', async () => {
    const described = async () => {
      const { paths } = (await gateway.app.inject('/openapi.json')).json<{ paths: Record<string, object> }>();
      return Object.keys(paths).filter((path) => path.startsWith('/crm/'));
    };
    open();
    expect(await described()).toEqual(['/crm/hubspot']);
    await gateway.app.close();
    gateway = aGateway();
    expect(await described()).toEqual([]);
    expect((await notify('1')).statusCode).toBe(404);
  });
});
