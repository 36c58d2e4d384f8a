import { describe, expect, it } from 'vitest';
import { DocusignError } from '../../src/docusign/account.js';
import { RateLimits, type LimitedCall } from '../../src/docusign/limits.js';
import { json } from '../signing/local-atlas.js';
import { aDocusign, anAccount, docusignErrorOf, LIST, READ, settingsFor } from './local-docusign.js';

const DEAL: LimitedCall = { api: 'esignature', path: '/envelopes' };
const DETAIL: LimitedCall = { api: 'esignature', path: '/users/1' };
const MONITOR: LimitedCall = { api: 'monitor', path: '/api/v2.0/datasets/monitor/stream' };
const ADMIN: LimitedCall = { api: 'admin', path: '/management/v2/organizations/o/users' };

/** A quarter past an hour. */
const START = Math.floor(Date.now() / 3_600_000) * 3_600_000 + 900_000;
const REST_OF_HOUR = 2_700_000;

function someLimits(environment: 'developer' | 'production' = 'developer') {
  const clock = { now: START };
  return { clock, limits: new RateLimits(environment, () => clock.now) };
}
const headers = (left: number, more: Record<string, string> = {}) => ({
  'x-ratelimit-limit': '3000',
  'x-ratelimit-remaining': String(left),
  'x-ratelimit-reset': String((START + REST_OF_HOUR) / 1000),
  date: new Date(START).toUTCString(),
  ...more,
});
/** Ms until there is room; 0 when the call got it. */
async function waitFor(limits: RateLimits, call: LimitedCall): Promise<number> {
  try {
    await limits.room(call, 0);
    return 0;
  } catch (error) {
    if (error instanceof DocusignError && error.kind === 'rate-limited') return error.retryAfterMs ?? NaN;
    throw error;
  }
}

describe('calls in 30 seconds', () => {
  it.each([
    ['developer', 200],
    ['production', 500],
  ] as const)('in the %s environment are %d, and those of feeds a fifth fewer', async (environment, most) => {
    const { limits, clock } = someLimits(environment);
    for (let call = 0; call < most * 0.8; call += 1) expect(await waitFor(limits, ADMIN)).toBe(0);
    for (const feed of [ADMIN, MONITOR, DETAIL]) expect(await waitFor(limits, feed)).toBe(30_000);
    for (let call = 0; call < most * 0.2; call += 1) expect(await waitFor(limits, DEAL)).toBe(0);
    expect(await waitFor(limits, DEAL)).toBe(30_000);
    clock.now += 30_000;
    expect(await waitFor(limits, DEAL)).toBe(0);
  });

  it('are fewer where DocuSign says so, since other apps share them', async () => {
    const { limits, clock } = someLimits();
    (await limits.room(DEAL, 0)).told({ 'x-burstlimit-limit': '200', 'x-burstlimit-remaining': '42' });
    expect(await waitFor(limits, DETAIL)).toBe(0);
    expect(await waitFor(limits, DETAIL)).toBe(0);
    expect(await waitFor(limits, DETAIL)).toBe(30_000);
    for (let call = 0; call < 40; call += 1) expect(await waitFor(limits, DEAL)).toBe(0);
    expect(await waitFor(limits, DEAL)).toBe(30_000);
    clock.now += 30_000;
    expect(await waitFor(limits, DETAIL)).toBe(0);
  });
});

describe('calls in an hour', () => {
  it('end when DocuSign says so, and begin again when it says so', async () => {
    const { limits, clock } = someLimits();
    (await limits.room(DEAL, 0)).told(headers(1));
    expect(await waitFor(limits, DEAL)).toBe(0);
    expect(await waitFor(limits, DEAL)).toBe(REST_OF_HOUR);
    clock.now += REST_OF_HOUR;
    expect(await waitFor(limits, DEAL)).toBe(0);
  });

  it('of feeds end at the last fifth', async () => {
    const { limits } = someLimits();
    (await limits.room(DEAL, 0)).told(headers(601));
    expect(await waitFor(limits, ADMIN)).toBe(0);
    for (const feed of [ADMIN, MONITOR, DETAIL]) expect(await waitFor(limits, feed)).toBe(REST_OF_HOUR);
    expect(await waitFor(limits, DEAL)).toBe(0);
  });

  it('are counted where DocuSign says nothing', async () => {
    const { limits, clock } = someLimits('production');
    for (let call = 0; call < 2_400; call += 1) {
      if (call % 400 === 0) clock.now += 30_000;
      await limits.room(DETAIL, 0);
    }
    clock.now += 30_000;
    expect(await waitFor(limits, DETAIL)).toBe(REST_OF_HOUR - 7 * 30_000);
    expect(await waitFor(limits, DEAL)).toBe(0);
  });

  it('are not given back by an answer that was overtaken', async () => {
    const { limits } = someLimits();
    const early = await limits.room(DEAL, 0);
    const late = await limits.room(DEAL, 0);
    late.told(headers(0));
    early.told(headers(500));
    expect(await waitFor(limits, DEAL)).toBe(REST_OF_HOUR);
  });

  it('are told by DocuSign’s clock', async () => {
    const { limits } = someLimits();
    const reset = {
      'x-ratelimit-reset': String((START + 7_260_000) / 1000),
      date: new Date(START + 7_200_000).toUTCString(),
    };
    (await limits.room(DEAL, 0)).told({ ...headers(0), ...reset });
    expect(await waitFor(limits, DEAL)).toBe(60_000);
  });

  it('of one API that are used up leave the deals alone', async () => {
    const { limits } = someLimits();
    (await limits.room(MONITOR, 0)).told({
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(START / 1000 + 60),
      date: new Date(START).toUTCString(),
    });
    expect(await waitFor(limits, MONITOR)).toBe(60_000);
    expect(await waitFor(limits, DEAL)).toBe(0);
  });

  it.each(['', 'soon', '-5', '1e9', '99999999999999'])('are not disturbed by the header %o', async (value) => {
    const { limits } = someLimits();
    (await limits.room(DEAL, 0)).told({
      'x-ratelimit-remaining': value,
      'x-ratelimit-reset': value,
      'x-burstlimit-remaining': value,
    });
    expect(await waitFor(limits, DEAL)).toBe(0);
  });
});

describe('a call without room', () => {
  it('waits for it as long as it may', async () => {
    const limits = new RateLimits('developer');
    const now = Date.now();
    const soon = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Math.ceil(now / 1000) + 1) };
    (await limits.room(DEAL, 0)).told(soon);
    await expect(limits.room(DEAL, 200)).rejects.toMatchObject({ kind: 'rate-limited' });
    await limits.room(DEAL, 5_000);
    expect(Date.now()).toBeGreaterThanOrEqual((Math.ceil(now / 1000) + 1) * 1000);
  });

  it('waits no longer than until the account is closed', async () => {
    const limits = new RateLimits('developer');
    (await limits.room(DEAL, 0)).told({ 'x-burstlimit-remaining': '0' });
    const waiting = expect(limits.room(DEAL, 60_000)).rejects.toMatchObject({ kind: 'unreachable' });
    limits.close();
    await waiting;
  });
});

describe('DocuSign’s own word that a limit is met', () => {
  const reset = Math.floor(Date.now() / 1000) + 600;
  it.each([
    [429, 'HOURLY_APIINVOCATION_LIMIT_EXCEEDED', 600_000],
    [400, 'HOURLY_APIINVOCATION_LIMIT_EXCEEDED', 600_000],
    [400, 'Hourly_APIInvocation_Limit_Exceeded', 600_000],
    [429, 'BURST_APIINVOCATION_LIMIT_EXCEEDED', 30_000],
    [400, 'BURST_APIINVOCATION_LIMIT_EXCEEDED', 30_000],
  ])('%d %s stops every later call of the account', async (status, errorCode, waitMs) => {
    const server = await aDocusign({
      call: (_asked, response) =>
        json(response, status, { errorCode, message: 'x' }, { 'x-ratelimit-reset': String(reset) }),
    });
    const account = anAccount(await settingsFor(server.url));
    const error = await docusignErrorOf(account.call(LIST));
    expect(error).toMatchObject({ kind: 'rate-limited', status, code: errorCode.toUpperCase() });
    expect(error.retryAfterMs).toBeLessThanOrEqual(waitMs);
    expect(error.retryAfterMs).toBeGreaterThan(waitMs - 20_000);
    const later: LimitedCall[] = [DEAL, DETAIL, ADMIN, MONITOR];
    for (const call of later)
      expect(await docusignErrorOf(account.call({ ...call, method: 'GET', callMs: 100 }))).toMatchObject({
        kind: 'rate-limited',
        status: undefined,
      });
    expect(server.calls()).toHaveLength(1);
  });

  it.each([
    [429, 'Hourly_Envelope_Polling_Limit_Exceeded', 600_000],
    [400, 'Burst_Envelope_Polling_Limit_Exceeded', 30_000],
    [400, 'Hourly_APIInvocation_Envelope_Limit_Exceeded', 600_000],
    [429, 'Burst_APIInvocation_Envelope_Limit_Exceeded', 30_000],
    [400, 'API_REQUEST_IS_THROTTLED', 60_000],
  ])('%d %s stops that envelope only', async (status, errorCode, waitMs) => {
    const server = await aDocusign({
      call: (asked, response) =>
        asked.url.includes('envelopes/')
          ? json(response, status, { errorCode }, { 'x-ratelimit-reset': String(reset) })
          : json(response, 200, {}),
    });
    const account = anAccount(await settingsFor(server.url));
    const error = await docusignErrorOf(account.call(READ));
    expect(error.kind).toBe('rate-limited');
    expect(error.retryAfterMs).toBeLessThanOrEqual(waitMs);
    expect(error.retryAfterMs).toBeGreaterThan(waitMs - 20_000);
    expect((await account.call(LIST)).status).toBe(200);
  });

  it('in the words of the Admin API is understood', async () => {
    const server = await aDocusign({
      call: (_asked, response) =>
        json(response, 400, {
          error: 'invalid_request',
          error_description: 'The maximum number of hourly API invocations has been exceeded.',
        }),
    });
    const account = anAccount(await settingsFor(server.url));
    expect(await docusignErrorOf(account.call({ ...ADMIN, method: 'GET' }))).toMatchObject({
      kind: 'rate-limited',
      code: 'HOURLY_APIINVOCATION_LIMIT_EXCEEDED',
    });
  });

  it.each([
    [{}, 60_000],
    [{ 'retry-after': '7' }, 7_000],
  ])('is a minute for Monitor unless it says otherwise (%o)', async (more, waitMs) => {
    const server = await aDocusign({
      call: (_asked, response) => json(response, 429, {}, more),
    });
    const account = anAccount(await settingsFor(server.url));
    expect(await docusignErrorOf(account.call({ ...MONITOR, method: 'GET' }))).toMatchObject({
      kind: 'rate-limited',
      retryAfterMs: waitMs,
    });
  });
});
