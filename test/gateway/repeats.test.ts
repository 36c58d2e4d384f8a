import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createRepeats } from '../../src/gateway/repeats.js';
import { aGateway } from './a-gateway.js';

describe('the same message again', () => {
  it('is passed on a few times at once, then one a minute', () => {
    let now = 0;
    const repeats = createRepeats({ now: () => now });
    const take = (times: number) => Array.from({ length: times }, () => repeats.take('a')).filter(Boolean).length;
    expect(take(1_000)).toBe(5);
    expect(repeats.take('b')).toBe(true);
    now += 60_000;
    expect(take(1_000)).toBe(1);
    now += 3_600_000;
    expect(take(1_000)).toBe(5);
  });

  it('that did not get through does not count', () => {
    const repeats = createRepeats({ now: () => 0 });
    for (let time = 0; time < 100; time++) {
      expect(repeats.take('a')).toBe(true);
      repeats.giveBack('a');
    }
  });

  it('is forgotten when many others came since', () => {
    const repeats = createRepeats({ atOnce: 1, most: 3, now: () => 0 });
    for (const key of ['a', 'b', 'c']) expect(repeats.take(key)).toBe(true);
    expect(repeats.take('a')).toBe(false);
    expect(repeats.take('d')).toBe(true);
    expect(repeats.take('a')).toBe(false);
    expect(repeats.take('b')).toBe(true);
  });

  it('of DocuSign is the same whatever its count of retries says', async () => {
    const gateway = aGateway({ connectKeys: ['connect-key'] });
    for (let retryCount = 0; retryCount < 100; retryCount++) {
      const payload = JSON.stringify({
        event: 'envelope-completed',
        retryCount,
        generatedDateTime: '2026-10-01T08:00:00Z',
        data: { envelopeId: 'e1e1e1e1-83c3-4940-af5e-cda8a50dd73f' },
      });
      const signature = createHmac('sha256', 'connect-key').update(payload).digest('base64');
      const answer = await gateway.app.inject({
        method: 'POST',
        url: '/webhooks/docusign',
        payload,
        headers: { 'x-docusign-signature-1': signature },
      });
      expect(answer.statusCode).toBe(200);
    }
    expect(gateway.deals.heard.length).toBeLessThan(10);
    expect((await gateway.app.inject('/metrics')).body).toMatch(/event="envelope.signed",result="repeat"} 9\d/);
  });

  it('is kept by its sender while Temporal is away, however often it comes', async () => {
    const gateway = aGateway();
    const event = { event: 'envelope.signed', envelope_id: 'env-1' };
    gateway.deals.answers.hear = () => 'unknown';
    for (let time = 0; time < 20; time++) expect((await gateway.webhook(event)).statusCode).toBe(404);
    gateway.deals.answers.hear = () => 'signalled';
    expect((await gateway.webhook(event)).json()).toEqual({ result: 'signalled' });
  });
});
