import { describe, expect, it, onTestFinished } from 'vitest';
import { readCallLog } from '../../src/docusign/call-log.js';
import { consentUrl } from '../../src/docusign/consent.js';
import { readinessOf } from '../../src/docusign/go-live.js';
import type { DocusignSettings } from '../../src/docusign/settings.js';
import { startDocusignSandbox, type DocusignOptions } from '../../src/sandbox/docusign/server.js';
import { anAccount, docusignErrorOf, KEY, LIST, PUBLIC_PEM, settingsFor } from './local-docusign.js';

const REDIRECT = 'https://countersign.example.com/back?a=b&c=d';

async function aSandbox(options: Partial<DocusignOptions> = {}, changed: Partial<DocusignSettings> = {}) {
  const integrationKeys = [{ key: KEY, publicKeys: [PUBLIC_PEM], redirectUris: [REDIRECT] }];
  const sandbox = await startDocusignSandbox({ integrationKeys, ...options });
  onTestFinished(() => sandbox.stop());
  const userId = sandbox.users[0]?.userId ?? '';
  return { sandbox, settings: await settingsFor(sandbox.url, { userId, ...changed }) };
}
const RECENT = { ...LIST, query: { from_date: new Date(Date.now() - 3_600_000).toISOString() } };

describe('an account at the stand-in', () => {
  it('logs in once, asks for its accounts once, and is served', async () => {
    const { sandbox, settings } = await aSandbox({ settings: { token_scope: false } });
    const account = anAccount(settings);
    const answers = await Promise.all(Array.from({ length: 20 }, () => account.call(RECENT)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(sandbox.state()).toMatchObject({ tokensIssued: 1, userinfoCalls: 1 });
  });

  it('finds its way to an account on another site', async () => {
    const { sandbox, settings } = await aSandbox();
    const other = sandbox.accounts.find(({ site }) => site !== '');
    const account = anAccount({ ...settings, accountId: other?.accountId ?? '' });
    expect((await account.call(RECENT)).status).toBe(200);
  });

  it.each([false, true])(
    'is let in by the page of consent, however its redirect looks (by an administrator: %s)',
    async (admin) => {
      const { settings } = await aSandbox({ consent: [] }, { feeds: ['audit-users'], redirectUrl: REDIRECT });
      const account = anAccount(settings);
      expect(await docusignErrorOf(account.call(RECENT))).toMatchObject({ kind: 'login', code: 'CONSENT_REQUIRED' });
      const page = await fetch(consentUrl(settings, { admin }).url, { redirect: 'manual' });
      expect(page.headers.get('location')).toMatch(/^https:\/\/countersign\.example\.com\/back\?a=b&c=d&code=/);
      expect((await account.call(RECENT)).status).toBe(200);
    },
  );

  it('is not let in for a feed that nobody has consented to', async () => {
    const { settings } = await aSandbox({ consent: ['signature', 'impersonation'] });
    expect((await anAccount(settings).call(RECENT)).status).toBe(200);
    const error = await docusignErrorOf(anAccount({ ...settings, feeds: ['audit-users'] }).call(RECENT));
    expect(error).toMatchObject({ code: 'CONSENT_REQUIRED' });
  });

  it.each([
    ['another key', { integrationKey: '00000000-83c3-4940-af5e-cda8a50dd73f' }, 'ISSUER_NOT_FOUND'],
    ['another user', { userId: '00000000-83c3-4940-af5e-cda8a50dd73f' }, 'USER_NOT_FOUND'],
  ])('is refused with %s', async (_what, changed, code) => {
    const { settings } = await aSandbox({}, changed);
    expect(await docusignErrorOf(anAccount(settings).call(RECENT))).toMatchObject({ kind: 'login', code });
  });

  it('outlives its tokens', async () => {
    const { sandbox, settings } = await aSandbox({ settings: { token_seconds: 600 } });
    let ahead = 0;
    const account = anAccount(settings, { now: () => Date.now() + ahead });
    for (let hour = 0; hour < 4; hour += 1) {
      expect((await account.call(RECENT)).status).toBe(200);
      sandbox.advance(599_000);
      ahead += 599_000;
    }
    expect(sandbox.state()).toMatchObject({ tokensIssued: 4 });
  });

  it.each([429, 400] as const)(
    'meets no limit that it was told of, and understands one by its code (%d)',
    async (limit_status) => {
      const { sandbox, settings } = await aSandbox({ settings: { burst_limit: 10, limit_status } });
      const account = anAccount(settings);
      for (let call = 0; call < 10; call += 1) await account.call(RECENT);
      expect(await docusignErrorOf(account.call({ ...RECENT, callMs: 100 }))).toMatchObject({
        kind: 'rate-limited',
        status: undefined,
      });
      const other = anAccount(settings);
      const error = await docusignErrorOf(other.call(RECENT));
      expect(error).toMatchObject({
        kind: 'rate-limited',
        status: limit_status,
        code: 'BURST_APIINVOCATION_LIMIT_EXCEEDED',
        retryAfterMs: 30_000,
      });
      expect(sandbox.state()).toMatchObject({ tokensIssued: 1 });
    },
  );

  it('makes its feeds leave the last fifth of the hour to deals', async () => {
    const { sandbox, settings } = await aSandbox({ settings: { hourly_limit: 20 } });
    const account = anAccount(settings);
    const detail = { ...LIST, path: `/users/${sandbox.users[0]?.userId ?? ''}` };
    let feedCalls = 0;
    for (;;) {
      const outcome = await account.call({ ...detail, callMs: 100 }).catch((error: unknown) => error);
      if (outcome instanceof Error) break;
      feedCalls += 1;
    }
    expect(feedCalls).toBe(16);
    for (let call = 0; call < 4; call += 1) expect((await account.call(RECENT)).status).toBe(200);
    expect(await docusignErrorOf(account.call({ ...RECENT, callMs: 100 }))).toMatchObject({
      kind: 'rate-limited',
      status: undefined,
    });
  });

  it('reckons its way to go-live as the stand-in does, without polling', async () => {
    const { sandbox, settings } = await aSandbox();
    const account = anAccount(settings);
    for (let call = 0; call < 3; call += 1) await account.call(RECENT);
    const missing = { ...LIST, path: '/envelopes/00000000-83c3-4940-af5e-cda8a50dd73f' };
    expect(await docusignErrorOf(account.call(missing))).toMatchObject({ kind: 'not-found' });
    for (let call = 0; call < 20; call += 1) await account.call(RECENT);
    const [readiness] = readinessOf((await readCallLog(settings.folder)).entries);
    expect(readiness).toMatchObject({ ready: true, streak: 20, calls: 24, polling: 0 });
    expect(sandbox.state()).toMatchObject({
      goLive: { [KEY]: { calls: 24, streak: 20, violations: 0 } },
      violations: [],
    });
  });
});
