/**
 * The way of a deal through the ops console, in a real browser on a running stack: log in, look at the queue and at the provider's review page,
 * approve, sign as both signers, see it completed; then rescue a deal that is blocked.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { twoPagePdf } from '../../src/stack/contracts.js';
import { AtlasVisitor } from '../../src/stack/demo/atlas-visitor.js';
import { GatewayCaller } from '../../src/stack/demo/gateway-caller.js';
import { keepTrying } from '../../src/stack/demo/patience.js';
import { startStack, type Stack, type Starting } from '../../src/stack/stack.js';
import { CHROME, complaintsOf, launchBrowser, violationsOn, WINDOWS } from '../support/browser.js';

const PARTIES = [
  { email: 'ada@customer.example', name: 'Ada Customer', role: 'Customer', order: 1 },
  { email: 'bob@seller.example', name: 'Bob Seller', role: 'Supplier', order: 2 },
];

if (CHROME === undefined) {
  it.skip('the console in a browser: skipped, no Chromium at CHROME_PATH or /usr/bin/chromium', () => undefined);
}

describe.skipIf(CHROME === undefined)('the ops console', () => {
  let home: string;
  let starting: Starting;
  let stack: Stack;
  let gateway: GatewayCaller;
  let atlas: AtlasVisitor;
  let browser: Browser;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'countersign-console-'));
    starting = startStack({
      home,
      env: { sandbox: { SANDBOX_CLOCK_SPEED: '120' }, countersign: { READ_BACK_FIRST: '10 seconds' } },
    });
    stack = await starting.stack;
    const patience = AbortSignal.timeout(200_000);
    gateway = new GatewayCaller(stack.urls.gateway, stack.tokens, patience);
    atlas = new AtlasVisitor(stack.urls.sandbox, stack.atlasKey, patience);
    await writeFile(join(stack.folders.contracts, 'order-form.pdf'), await twoPagePdf());
    browser = await launchBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await starting.stop();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  });

  async function inReview(dealId: string): Promise<void> {
    const document = { uri: 'file:contracts/order-form.pdf' };
    await gateway.start({ dealId, documentType: 'order-form', document, parties: PARTIES });
    await keepTrying(dealId, AbortSignal.timeout(60_000), async () =>
      (await gateway.deal(dealId)).stage === 'in-review' ? true : undefined,
    );
  }

  async function setCredits(credits: number): Promise<void> {
    const answer = await fetch(`${stack.urls.sandbox}/_sandbox/settings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ credits: { [stack.atlasKey]: credits } }),
    });
    expect(answer.status).toBe(200);
  }

  async function logIn(page: Page, token: string): Promise<void> {
    await page.goto(stack.urls.gateway);
    await page.getByLabel('Access token').fill(token);
    await page.getByRole('button', { name: 'Log in' }).click();
  }

  describe.each(WINDOWS)('in %s', (name, viewport) => {
    const window = name.includes('phone') ? 'phone' : 'desk';
    let context: BrowserContext;
    let page: Page;
    let complaints: string[];
    beforeAll(async () => {
      context = await browser.newContext({ viewport });
      page = await context.newPage();
      complaints = complaintsOf(page);
      page.setDefaultTimeout(40_000);
    });
    afterAll(() => context.close());

    /** Nothing sticks out sideways, axe-core finds nothing serious, and the page has no complaint. */
    async function expectWell(): Promise<void> {
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(viewport.width);
      expect(await violationsOn(page)).toEqual([]);
      expect(complaints).toEqual([]);
    }

    it('takes a contract from the queue to its signatures', { timeout: 120_000 }, async () => {
      const dealId = `walk-${window}`;
      await page.goto(stack.urls.gateway);
      await expectWell();
      await page.getByLabel('Access token').fill('not-a-token-of-anybody');
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByRole('alert').waitFor();
      await expectWell();
      await logIn(page, stack.tokens.reviewer);
      await page.getByRole('heading', { name: 'Queue' }).waitFor();
      await expectWell();

      // It comes up by itself: the page is not loaded again.
      await page.evaluate('window.sameWindow = true');
      await inReview(dealId);
      await page.getByRole('link', { name: dealId }).click();
      await page.getByText('It waits for a person to review the draft.').waitFor();
      await expectWell();
      const opened = context.waitForEvent('page');
      await page.getByRole('link', { name: /review page/ }).click();
      const review = await opened;
      await review.getByRole('heading', { name: /contract-/ }).waitFor();
      await review.close();

      await page.getByRole('link', { name: 'Approve' }).click();
      await page.getByText('This sends the contract to 2 signers and costs one credit.').waitFor();
      await expectWell();
      await page.getByLabel('Note (optional)').fill('prices as agreed');
      await page.getByRole('button', { name: 'Approve and send' }).click();
      await page.getByText('Customer (signer 1) to sign').waitFor();
      await expectWell();
      expect(await page.getByRole('link', { name: 'Get the sign link' }).count()).toBe(0);

      const { envelopeId } = await gateway.deal(dealId);
      for (const [turn, { name: signer }] of PARTIES.entries()) {
        const { parties } = await atlas.envelope(envelopeId ?? '');
        const signing = await context.newPage();
        await signing.goto(parties[turn]?.sign_url ?? '');
        await signing.getByLabel('I agree to sign electronically').check();
        await signing.getByLabel('Type your full name').fill(signer);
        await signing.getByRole('button', { name: 'Sign', exact: true }).click();
        await signing.getByText('Thank you, you have signed').or(signing.getByText('All signed')).first().waitFor();
        await signing.close();
      }
      await page.getByText('How it ended').waitFor();
      await page.getByText('signed PDF filed').waitFor();
      await expectWell();
      const { timeline } = await gateway.deal(dealId);
      expect(timeline.filter(({ by }) => by === 'reviewer')).toMatchObject([{ what: 'approved: prices as agreed' }]);
    });

    it('rescues a deal that is blocked', { timeout: 120_000 }, async () => {
      const dealId = `rescue-${window}`;
      await inReview(dealId);
      await setCredits(0);
      await page.goto(`${stack.urls.gateway}/console/deals/${dealId}`);
      await page.getByRole('link', { name: 'Approve' }).click();
      await page.getByRole('button', { name: 'Approve and send' }).click();
      await page.getByText('The e-sign account has no credits left.').first().waitFor();
      await expectWell();
      // A reviewer sees what is wrong, and that it takes somebody else.
      expect(await page.getByRole('button', { name: 'Resume' }).count()).toBe(0);
      await page.getByRole('button', { name: 'Log out' }).click();
      await page.getByLabel('Access token').waitFor();

      await logIn(page, stack.tokens.operator);
      await page.getByRole('heading', { name: 'Blocked' }).waitFor();
      await page.getByRole('link', { name: dealId }).click();
      await setCredits(100);
      const resume = page.getByRole('button', { name: 'Resume' });
      const out = page.getByText('Customer (signer 1) to sign');
      // On a busy machine the answer may be that the deal cannot be asked just now, although it has taken the word.
      await vi.waitFor(
        async () => {
          await resume.or(out).first().waitFor({ timeout: 5_000 });
          if (await resume.isVisible())
            await Promise.all([page.waitForResponse((answer) => answer.request().method() === 'POST'), resume.click()]);
          await page.goto(`${stack.urls.gateway}/console/deals/${dealId}`);
          await out.waitFor({ timeout: 5_000 });
        },
        { timeout: 60_000, interval: 100 },
      );
      await expectWell();

      await page.getByRole('link', { name: 'Get the sign link' }).click();
      expect(await page.getByLabel('Sign link').inputValue()).toMatch(/\/sign\/.+\?t=/);
      await expectWell();
      await page.goto(`${stack.urls.gateway}/console/deals/${dealId}/cancel`);
      await expectWell();
      await page.getByLabel('Reason').fill('deal lost');
      await page.getByRole('button', { name: 'Void it and cancel the deal' }).click();
      await page.getByRole('heading', { name: 'How it ended' }).waitFor();
      expect(await gateway.deal(dealId)).toMatchObject({ stage: 'cancelled', credits: { spent: 1, refunded: 1 } });
    });

    it('is worked by keyboard, and finds deals by filters', { timeout: 60_000 }, async () => {
      await page.goto(`${stack.urls.gateway}/console/deals?stage=completed`);
      await page.getByRole('link', { name: `walk-${window}` }).waitFor();
      await expectWell();
      await page.keyboard.press('/');
      await page.keyboard.type(`walk-${window}`);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: `Deal walk-${window}` }).waitFor();
      await page.goto(`${stack.urls.gateway}/console/deals/nobody`);
      await page.getByText('There is no deal nobody').waitFor();
      await expectWell();
    });
  });

  it('says that Temporal is away, and comes back by itself', { timeout: 120_000 }, async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    await logIn(page, stack.tokens.viewer);
    await page.getByRole('heading', { name: 'Queue' }).waitFor();
    await stack.end('temporal');
    await page.reload();
    await page
      .getByText(/Temporal/)
      .first()
      .waitFor();
    expect(await page.getByText(/at \w+ \(|Error:/).count()).toBe(0);
    expect(await violationsOn(page)).toEqual([]);
    await stack.restart('temporal');
    await page.getByRole('heading', { name: 'Queue' }).waitFor();
    await context.close();
  });
});
