/** Temporal's own UI in a real browser, before an encrypted deal: readable for an operator who is logged in to the console, and for nobody else. */
import { createSecretKey } from 'node:crypto';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTemporalDeals } from '../../src/gateway/temporal-deals.js';
import { freePort } from '../../src/stack/ports.js';
import { openTemporal, type TemporalClient } from '../../src/temporal/connection.js';
import { createEncryption, type PayloadKey } from '../../src/temporal/encryption.js';
import { aGateway, aStart, TOKENS, type AGateway } from '../gateway/a-gateway.js';
import { CHROME, launchBrowser } from '../support/browser.js';
import { startDevServer, type StartedDevServer } from '../support/temporal-servers.js';

const KEYS: readonly PayloadKey[] = [{ id: 'first', secret: createSecretKey(Buffer.alloc(32, 1)) }];
/** As `aStart` names the first signer. */
const SIGNER = 'ada@customer.example';

if (CHROME === undefined) {
  it.skip('Temporal’s UI in a browser: skipped, no Chromium at CHROME_PATH or /usr/bin/chromium', () => undefined);
}

describe.skipIf(CHROME === undefined)('Temporal’s UI before an encrypted deal', () => {
  let ui: string;
  let console: string;
  let server: StartedDevServer;
  let temporal: TemporalClient;
  let gateway: AGateway;
  let browser: Browser;

  beforeAll(async () => {
    const [uiPort, port] = [await freePort(), await freePort()];
    [ui, console] = [`http://127.0.0.1:${uiPort}`, `http://127.0.0.1:${port}`];
    server = await startDevServer({ uiPort });
    const connectionOptions = { address: server.address };
    temporal = openTemporal({ connectionOptions, namespace: 'default', payloadKeys: KEYS });
    const deals = createTemporalDeals(temporal, { namespace: 'default', taskQueue: 'nobody-works-here' });
    gateway = aGateway({ deals, payloadCodec: createEncryption(KEYS), codecCorsOrigin: ui });
    await gateway.app.listen({ host: '127.0.0.1', port });
    const started = await gateway.as('crm', { method: 'POST', url: '/deals', payload: aStart() });
    expect(started.statusCode).toBe(202);
    browser = await launchBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await gateway.app.close();
    await temporal.connection.close();
    await server.stop();
  });

  /** The deal's page in the UI, set up as `docs/encryption.md` says, in the browser of somebody who is logged in to the console or not. */
  async function dealSeenBy(role: string | null): Promise<Page> {
    const page = await browser.newPage();
    page.setDefaultTimeout(10_000);
    if (role !== null) {
      await page.goto(`${console}/console/login`);
      await page.fill('input[name=token]', TOKENS.find((token) => token.role === role)?.token ?? '');
      await Promise.all([page.waitForURL(`${console}/`), page.press('input[name=token]', 'Enter')]);
    }
    await page.goto(`${ui}/namespaces/default/workflows/deal-42`);
    await page.getByRole('button', { name: /codec/i }).first().click();
    await page.getByText('Use my browser setting').click();
    await page.getByLabel('Codec Server browser endpoint').fill(`${console}/codec`);
    await page.getByText('Include cross-origin credentials').click();
    await page.getByRole('button', { name: 'Apply' }).click();
    const answered = page.waitForResponse((answer) => answer.url().startsWith(`${console}/codec/decode`));
    await page.reload();
    await answered;
    return page;
  }

  it('is read by an operator who is logged in to the ops console in the same browser', async () => {
    const page = await dealSeenBy('operator');
    await page.getByText(SIGNER).first().waitFor();
    await page.close();
  });

  it('is not read by anybody who is not', async () => {
    const page = await dealSeenBy(null);
    await page.locator('#content').getByText('Codec Server could not connect').waitFor();
    expect(await page.innerText('body')).not.toContain(SIGNER);
    await page.close();
  });
});
