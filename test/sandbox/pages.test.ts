import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { CHROME, complaintsOf, launchBrowser, WINDOWS } from '../support/browser.js';
import { anAtlasSandbox, aWebhookReceiver } from './an-atlas-sandbox.js';

const HOSTILE = '<img src=x onerror=alert(1)> & "friends"';

describe('the pages over plain HTTP', () => {
  it('open with the token of their link only', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.sent();
    for (const path of [`/review/${id}`, `/review/${id}?rt=guessed`, `/review/${id}/document.pdf?rt=guessed`]) {
      expect([path, (await atlas.call('GET', path)).status]).toEqual([path, 404]);
    }
    expect((await atlas.call('POST', `/review/${id}/send?rt=guessed`)).status).toBe(404);
    for (const path of [`/sign/${id}`, `/sign/${id}?t=guessed`]) {
      expect([path, (await atlas.call('GET', path)).status]).toEqual([path, 401]);
    }
    expect((await atlas.call('POST', `/sign/${id}?t=guessed`)).status).toBe(401);
    expect((await atlas.get(`/api/envelope/${id}`)).status).toBe('pending');
  });

  it('escape what others wrote and forbid script', async () => {
    const atlas = await anAtlasSandbox();
    const parties = [{ email: 'ana@customer.example', name: HOSTILE, role: HOSTILE }];
    const id = await atlas.sent({ parties });
    await atlas.call('POST', `/_sandbox/envelopes/${id}/decline`, { reason: HOSTILE });
    const page = await fetch((await atlas.record(id)).review_url);
    const text = await page.text();
    expect(text).toContain('&lt;img src=x onerror=alert(1)&gt; &amp; &quot;friends&quot;');
    expect(text).not.toContain('<img');
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/script-src|unsafe/);
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
  });

  it('do not sign without consent or a name, or out of turn', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.sent();
    const [ana, bob] = (await atlas.record(id)).parties;
    const post = async (party: typeof ana, form: Record<string, string>): Promise<number> => {
      return (
        await fetch(party?.sign_url ?? '', { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' })
      ).status;
    };
    expect(await post(ana, { name: 'Ana' })).toBe(400);
    expect(await post(ana, { consent: 'yes', name: '  ' })).toBe(400);
    expect(await post(bob, { consent: 'yes', name: 'Bob' })).toBe(409);
    expect((await fetch(bob?.sign_url ?? '')).status).toBe(403);
    expect((await atlas.get(`/api/envelope/${id}/status`)).signed_count).toBe(0);
    expect(await post(ana, { consent: 'yes', name: 'Ana' })).toBe(303);
    expect((await atlas.get(`/api/envelope/${id}/status`)).signed_count).toBe(1);
  });
});

if (CHROME === undefined) {
  it.skip('the pages in a browser: skipped, no Chromium at CHROME_PATH or /usr/bin/chromium', () => undefined);
}

describe.skipIf(CHROME === undefined).each(WINDOWS)('the pages in a browser, in %s', (_window, viewport) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  /** A window that fails the test when the page complains of anything, the content policy included. */
  async function open(): Promise<Page> {
    const context = await browser.newContext({ viewport });
    const page = await context.newPage();
    const complaints = complaintsOf(page);
    // Windows stay open until the browser ends: to close one in the midst of a reload can wait for ever.
    onTestFinished(() => expect(complaints).toEqual([]));
    return page;
  }

  /** Nothing sticks out sideways, and whatever can be pressed is large enough for a thumb. */
  async function expectFit(page: Page): Promise<void> {
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(viewport.width);
    const targets = page.locator(
      'button:visible, summary:visible, input:visible:not([type=checkbox]), label.check:visible, a:visible',
    );
    for (const target of await targets.all()) {
      const box = await target.boundingBox();
      expect([await target.innerText(), (box?.height ?? 0) >= 44]).toEqual([await target.innerText(), true]);
    }
  }

  it('let a person review, mend a party and send, for one credit', async () => {
    const hooks = await aWebhookReceiver();
    const atlas = await anAtlasSandbox();
    const id = await atlas.draft({ webhook_url: hooks.url });
    const page = await open();
    await page.goto((await atlas.get(`/api/envelope/${id}`)).review_url);
    await expectFit(page);
    await page
      .getByRole('group', { name: /Signer 2/ })
      .getByLabel('E-mail')
      .fill('rob@company.example');
    await page.getByRole('button', { name: 'Send for signature' }).click();
    await page.getByText('The parties sign in turn').waitFor();
    await expectFit(page);
    const envelope = await atlas.get(`/api/envelope/${id}`);
    expect(envelope.status).toBe('pending');
    expect(envelope.parties.map((party) => party.email)).toEqual(['ana@customer.example', 'rob@company.example']);
    expect((await atlas.state()).credits).toEqual({ 'sandbox-key': 4 });
    await expect.poll(() => hooks.events()).toContain('envelope.sent');
    await expect.poll(async () => page.reload().then(() => page.getByText('envelope.sent').count())).toBe(1);
  });

  it(
    'hold the Send button back while detection runs, and notice by themselves when it is done',
    { timeout: 60_000 },
    async () => {
      const atlas = await anAtlasSandbox({ settings: { detection_ms: 10_000 } });
      const { review_url: running } = await atlas.create({ metadata: { sandbox_detection: 'never' } });
      const page = await open();
      await page.goto(running);
      expect(await page.getByRole('button', { name: 'Send for signature' }).isDisabled()).toBe(true);
      // A new window takes its time, which would count against the detection.
      const other = await open();
      const { review_url: link } = await atlas.create();
      await other.goto(link);
      await other.getByText('Fields are being detected').waitFor();
      await other.locator('button:enabled', { hasText: 'Send for signature' }).waitFor();
    },
  );

  it('say why a send was refused', async () => {
    const atlas = await anAtlasSandbox({ credits: 0 });
    const id = await atlas.draft();
    const page = await open();
    await page.goto((await atlas.get(`/api/envelope/${id}`)).review_url);
    await page.getByRole('button', { name: 'Send for signature' }).click();
    await expect.poll(() => page.getByRole('alert').innerText()).toContain('No credits left');
    await expectFit(page);
  });

  it('let a person place the fields that detection did not find', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.draft({ metadata: { sandbox_detection: 'recovered_empty' } });
    const page = await open();
    await page.goto((await atlas.get(`/api/envelope/${id}`)).review_url);
    await page.getByText('Detection found no fields').waitFor();
    await page.getByRole('button', { name: 'Place fields' }).click();
    await page.getByText('version 2').waitFor();
    await expectFit(page);
    expect(await atlas.get(`/api/envelope/${id}`)).toMatchObject({ fields_version: 2, fields: { length: 6 } });
  });

  it('let each signer sign in turn, seeing nothing of the other', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.sent();
    const [ana, bob] = (await atlas.record(id)).parties;
    const page = await open();
    await page.goto(bob?.sign_url ?? '');
    await page.getByText('It is not your turn yet').waitFor();
    await page.goto(ana?.sign_url ?? '');
    await page.getByText('Consumer disclosure').waitFor();
    await expectFit(page);
    expect(await page.content()).not.toContain('Bob');
    await page.getByLabel('I agree to sign electronically').check();
    await page.getByLabel('Title').fill('Head of Purchasing');
    await page.getByLabel('Type your full name').fill('Ana Maria Ferreira');
    await page.getByRole('button', { name: 'Sign', exact: true }).click();
    await page.getByText('Thank you, you have signed').waitFor();
    await expectFit(page);
    await page.goto(bob?.sign_url ?? '');
    await page.getByLabel('I agree to sign electronically').check();
    await page.getByLabel('Type your full name').fill('Bob Olsen');
    const content = await page.content();
    for (const word of ['Ana', 'Head of Purchasing']) expect(content).not.toContain(word);
    await page.getByRole('button', { name: 'Sign', exact: true }).click();
    await page.getByText('Everybody has signed').waitFor();
    const envelope = await atlas.get(`/api/envelope/${id}`);
    expect(envelope.status).toBe('signed');
    expect(envelope.fields.map((field) => field.value)).toEqual(
      expect.arrayContaining(['Ana Maria Ferreira', 'Head of Purchasing', 'Bob Olsen']),
    );
  });

  it('let a signer decline with a reason', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.sent();
    const page = await open();
    await page.goto((await atlas.get(`/api/envelope/${id}/status`)).sign_url ?? '');
    await page.getByText('I do not want to sign').click();
    await page.getByLabel('Reason').fill('The price is wrong');
    await expectFit(page);
    await page.getByRole('button', { name: 'Decline' }).click();
    await page.getByText('You declined').waitFor();
    expect(await atlas.get(`/api/envelope/${id}`)).toMatchObject({
      status: 'declined',
      decline_reason: 'The price is wrong',
    });
  });

  it('let a signer pass the signature on to somebody else', async () => {
    const atlas = await anAtlasSandbox();
    const id = await atlas.sent();
    const page = await open();
    await page.goto((await atlas.get(`/api/envelope/${id}/status`)).sign_url ?? '');
    await page.getByText('Somebody else must sign').click();
    await page.getByLabel('Their name').fill('Cara Duarte');
    await page.getByLabel('Their e-mail').fill('cara@customer.example');
    await expectFit(page);
    await page.getByRole('button', { name: 'Pass on' }).click();
    await page.getByText('has been written to').waitFor();
    await expectFit(page);
    await page.goto((await atlas.get(`/api/envelope/${id}/status`)).sign_url ?? '');
    await page.getByText('For signature by Cara Duarte').waitFor();
  });

  it('lead from the overview to review and sign pages', async () => {
    const atlas = await anAtlasSandbox();
    const page = await open();
    await page.goto(atlas.sandbox.url);
    await page.getByText('None yet').waitFor();
    const id = await atlas.sent({ metadata: { external_id: `deal-${'1'.repeat(80)}` } });
    await page.reload();
    await expectFit(page);
    await page.getByRole('link', { name: 'Sign as Ana Ferreira' }).click();
    await page.getByText('Consumer disclosure').waitFor();
    await page.goBack();
    await page.getByRole('link', { name: 'Review' }).click();
    await page.getByText(id).waitFor();
  });
});
