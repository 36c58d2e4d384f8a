/**
 * `npm run demo`: the whole stack on this machine, a deal to each main outcome as people would, and a check of what came of them.
 * `--keep` keeps the folder with everything the parts wrote. Exits 1 when a check fails.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { readSetupSettings } from './config.js';
import { openDatabase } from './crm/database.js';
import { ledgerIdOf } from './deal/ledger.js';
import { cleanEnvironment } from './stack/clean-environment.js';
import { docx, twoPagePdf } from './stack/contracts.js';
import { AtlasVisitor } from './stack/demo/atlas-visitor.js';
import { checkCrm, checkDeal, checkTotals, crmRowSchema, type CrmRow } from './stack/demo/checks.js';
import { DOCUMENT_TYPES } from './stack/demo/document-types.js';
import { GatewayCaller } from './stack/demo/gateway-caller.js';
import { failuresOf, lineOf, paintFor, summaryOf, timelineOf, type Played } from './stack/demo/report.js';
import { STORIES } from './stack/demo/stories.js';
import { play, type Story } from './stack/demo/story.js';
import { AskedToEnd, endingSignal, unlessAborted } from './stack/ending.js';
import { startStack, type Stack } from './stack/stack.js';
import { openTemporal } from './temporal/connection.js';

const PATIENCE_MS = 5 * 60_000;
const CRM_ROW = `
  SELECT deals.crm_stage, deals.envelope_id, deals.outcome, deals.reason, deals.signed_pdf_sha256, billing.status AS billing,
    (SELECT count(*) FROM attachments WHERE attachments.deal_id = deals.deal_id) AS attachments
  FROM deals JOIN billing USING (deal_id, round) WHERE deals.deal_id = $1`;

const NAME_WIDTH = Math.max(...STORIES.map(({ name }) => name.length));

const paint = paintFor(process.stdout, process.env);
const begun = Date.now();
const say = (line: string): void => {
  console.log(`${paint.dim(`${((Date.now() - begun) / 1000).toFixed(1).padStart(5)} s`)}  ${line}`);
};

/** Prints each entry of the deal's timeline once, when it is first seen. */
function follower(story: Story): (deal: Played['deal']) => void {
  let told = 0;
  return ({ timeline }) => {
    for (const entry of timeline.slice(told)) say(`${paint.bold(story.name.padEnd(NAME_WIDTH))}  ${lineOf(entry)}`);
    told = Math.max(told, timeline.length);
  };
}

async function drive(stack: Stack, signal: AbortSignal): Promise<boolean> {
  await writeFile(join(stack.folders.contracts, 'order-form.pdf'), await twoPagePdf());
  await writeFile(join(stack.folders.contracts, 'order-form.docx'), await docx());
  const gateway = new GatewayCaller(stack.urls.gateway, stack.tokens, signal);
  const atlas = new AtlasVisitor(stack.urls.sandbox, stack.atlasKey, signal);

  const playing = new Map<string, Promise<Played>>();
  const perform = async (story: Story): Promise<Played> => {
    if (story.after !== undefined) await playing.get(story.after);
    const deal = await play(story, `${story.name}-${stack.id}`, { gateway, atlas, signal }, follower(story));
    return { story, deal, checks: await checkDeal(story, deal, atlas) };
  };
  for (const story of STORIES) playing.set(story.name, perform(story));
  const played = await Promise.all(playing.values());
  const totals = await checkTotals(STORIES, stack.atlasKey, atlas);
  say('all deals have ended: looking into the CRM');
  await stack.end('worker');
  const rows = await readCrm(stack, played);
  played.forEach(({ story, deal, checks }, index) => checks.push(...checkCrm(story, deal, rows[index])));

  const failures = [
    ...played.flatMap(({ story, checks }) => failuresOf(story.name, checks, paint)),
    ...failuresOf('all deals', totals, paint),
  ];
  console.log(`\n${played.map((one) => timelineOf(one, paint)).join('\n\n')}\n\n${summaryOf(played, paint)}`);
  if (failures.length > 0) console.log(`\n${failures.join('\n')}`);
  return failures.length === 0;
}

async function readCrm(stack: Stack, played: readonly Played[]): Promise<(CrmRow | undefined)[]> {
  const database = await openDatabase({ folder: stack.folders.crm });
  try {
    const rows: (CrmRow | undefined)[] = [];
    for (const { deal } of played) {
      const [row] = await database.query(CRM_ROW, [deal.dealId]);
      rows.push(row && crmRowSchema.parse(row));
    }
    return rows;
  } finally {
    await database.close();
  }
}

/** On a server of somebody's own, which goes on without the stack, the ledger of the demo's task queue would run for ever. */
async function closeLedger(taskQueue: string): Promise<void> {
  if (!process.env['TEMPORAL_ADDRESS']) return;
  const { client, connection } = openTemporal(readSetupSettings(cleanEnvironment(process.env, true)).temporal);
  try {
    await client.workflow.getHandle(ledgerIdOf(taskQueue)).terminate('the demo is over');
  } finally {
    await connection.close();
  }
}

async function main(): Promise<number> {
  const keep = process.argv.includes('--keep');
  const ending = endingSignal();
  const home = await mkdtemp(join(tmpdir(), 'countersign-demo-'));
  const taskQueue = basename(home);
  const documentTypes = join(home, 'document-types.json');
  await writeFile(documentTypes, JSON.stringify(DOCUMENT_TYPES, null, 2));
  say(`Starting Temporal, the Atlas sandbox, the worker and the gateway in ${home}`);
  const starting = startStack({
    home,
    notice: say,
    env: {
      // Retries that take Atlas minutes take seconds here, so that a part that is killed holds nothing up.
      // A reminder whose answer is lost is asked for again: within a minute Atlas mails no other.
      sandbox: { SANDBOX_CLOCK_SPEED: '120', SANDBOX_REMIND_COOLDOWN_MS: '60000' },
      countersign: { TASK_QUEUE: taskQueue, DOCUMENT_TYPES: documentTypes, READ_BACK_FIRST: '10 seconds' },
    },
  });
  const failed = new AbortController();
  try {
    const stack = await unlessAborted(starting.stack, ending);
    const over = AbortSignal.any([ending, failed.signal, AbortSignal.timeout(PATIENCE_MS)]);
    const succeeded = await drive(stack, over);
    await closeLedger(taskQueue);
    const seconds = ((Date.now() - begun) / 1000).toFixed(1);
    console.log(
      succeeded
        ? paint.good(`\nAll ${STORIES.length} deals went as they should, in ${seconds} s.`)
        : paint.bad('\nThe demo failed.'),
    );
    return succeeded ? 0 : 1;
  } catch (error) {
    // What goes wrong with one deal ends the waiting of all others.
    failed.abort(error);
    if (ending.aborted && ending.reason instanceof AskedToEnd) {
      console.log(`\n${ending.reason.message} Stopping everything.`);
      return ending.reason.exitCode;
    }
    console.error(paint.bad('\nThe demo failed.'), error);
    return 1;
  } finally {
    await starting.stop();
    if (keep) console.log(`Everything the parts wrote is in ${home}`);
    else await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

process.exitCode = await main();
