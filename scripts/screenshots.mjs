/**
 * `npm run screenshots`: starts the stack, drives deals into different stages, and takes the pictures of docs/images: the ops console and a
 * running deal in Temporal's UI. Needs Chromium (`CHROME_PATH` or /usr/bin/chromium).
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { twoPagePdf } from '../dist/stack/contracts.js';
import { AtlasVisitor } from '../dist/stack/demo/atlas-visitor.js';
import { GatewayCaller } from '../dist/stack/demo/gateway-caller.js';
import { keepTrying } from '../dist/stack/demo/patience.js';
import { startStack } from '../dist/stack/stack.js';

const IMAGES = fileURLToPath(new URL('../docs/images/', import.meta.url));
const executablePath = [process.env['CHROME_PATH'], '/usr/bin/chromium'].find((path) => path && existsSync(path));
if (!executablePath) {
  console.error('No Chromium at CHROME_PATH or /usr/bin/chromium.');
  process.exit(1);
}

const PARTIES = [
  { email: 'nora@example.com', name: 'Nora Lindqvist', role: 'Customer', order: 1 },
  { email: 'tomas@example.com', name: 'Tomas Okafor', role: 'Supplier', order: 2 },
];

const home = await mkdtemp(join(tmpdir(), 'countersign-pictures-'));
const documentTypes = join(home, 'document-types.json');
await writeFile(
  documentTypes,
  JSON.stringify({
    'order-form': {
      reviewSla: '1 day',
      reminders: { first: '3 days', every: '3 days', max: 3 },
      expireAfter: '30 days',
    },
    renewal: { reviewSla: '1 second' },
    nda: {},
  }),
);
const starting = startStack({
  home,
  ui: true,
  notice: (line) => console.log(line),
  env: {
    sandbox: { SANDBOX_CLOCK_SPEED: '120' },
    countersign: { DOCUMENT_TYPES: documentTypes, READ_BACK_FIRST: '5 seconds' },
  },
});
const patience = AbortSignal.timeout(240_000);
let browser;
try {
  const stack = await starting.stack;
  const gateway = new GatewayCaller(stack.urls.gateway, stack.tokens, patience);
  const atlas = new AtlasVisitor(stack.urls.sandbox, stack.atlasKey, patience);
  await writeFile(join(stack.folders.contracts, 'order-form.pdf'), await twoPagePdf());

  const until = (dealId, fits) =>
    keepTrying(dealId, patience, async () => {
      const deal = await gateway.deal(dealId);
      return fits(deal) ? deal : undefined;
    });
  const inReview = async (dealId, documentType) => {
    await gateway.start({ dealId, documentType, document: { uri: 'file:contracts/order-form.pdf' }, parties: PARTIES });
    await until(dealId, ({ stage }) => stage === 'in-review');
  };
  const out = async (dealId, documentType) => {
    await inReview(dealId, documentType);
    await gateway.approve(dealId, 1);
    return until(dealId, ({ stage }) => stage === 'out-for-signature');
  };
  const setCredits = (credits) =>
    fetch(`${stack.urls.sandbox}/_sandbox/settings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ credits: { [stack.atlasKey]: credits } }),
    });

  await inReview('0061-4410', 'renewal');
  await inReview('0061-4502', 'order-form');
  await inReview('0061-4511', 'nda');
  const signed = await out('0061-4398', 'order-form');
  await atlas.sign(signed.envelopeId, 1, 'Nora Lindqvist');
  await until('0061-4398', ({ parties }) => parties[0]?.status === 'signed');
  await out('0061-4455', 'nda');
  await setCredits(0);
  await inReview('0061-4487', 'order-form');
  await gateway.approve('0061-4487', 1);
  await until('0061-4487', ({ blocked }) => blocked !== null);

  const flags = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
  ];
  browser = await chromium.launch({ executablePath, args: [...flags, '--disable-component-update', '--disable-sync'] });
  await mkdir(IMAGES, { recursive: true });
  const picture = async (page, name) => {
    await wait(1_500);
    await page.screenshot({ path: join(IMAGES, `${name}.png`) });
    console.log(`docs/images/${name}.png`);
  };
  const open = async (viewport) => {
    const page = await (await browser.newContext({ viewport, reducedMotion: 'reduce' })).newPage();
    await page.goto(stack.urls.gateway);
    await page.getByLabel('Access token').fill(stack.tokens.operator);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { name: 'Queue' }).waitFor();
    return page;
  };

  const desk = await open({ width: 1280, height: 860 });
  await desk.getByRole('link', { name: '0061-4487' }).waitFor();
  await picture(desk, 'console-queue');
  await desk.goto(`${stack.urls.gateway}/console/deals/0061-4398`);
  await picture(desk, 'console-deal');
  const phone = await open({ width: 390, height: 844 });
  await phone.goto(`${stack.urls.gateway}/console/deals/0061-4487`);
  await picture(phone, 'console-phone');

  const temporal = await (await browser.newContext({ viewport: { width: 1440, height: 1000 } })).newPage();
  const run = await desk.getByRole('link', { name: /Temporal’s UI/ }).getAttribute('href');
  await temporal.goto(run ?? '');
  await temporal.getByText('send the approved envelope').first().waitFor({ timeout: 60_000 });
  await picture(temporal, 'temporal-ui');
  await temporal.getByRole('link', { name: 'User Metadata' }).or(temporal.getByText('User Metadata')).first().click();
  await wait(6_000);
  await picture(temporal, 'temporal-details');
} finally {
  await browser?.close();
  await starting.stop();
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
}
