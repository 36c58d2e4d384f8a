/**
 * A receiver for `CRM=http`: the part of a private CRM that Countersign talks to. Copy it into your application and put your own tables where
 * this one keeps a JSON file. It needs nothing but Node.
 *
 *   CRM_SECRET=... DATA=./data PORT=3000 node receiver.mjs
 *
 * What it must hold to, in any language:
 *   1. Check the signature over the raw body, before anything parses it, and refuse what is older than five minutes.
 *   2. Take a record only if its version is above the one you have, for the same deal and round. Late and repeated writes then do no harm.
 *   3. Keep an attachment once, by its sha256.
 *   4. Answer 2xx once it is kept; 5xx to be asked again; 410 when the deal is gone, which takes its contract back.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { env } from 'node:process';

const secret = env.CRM_SECRET ?? '';
if (secret === '') throw new Error('Set CRM_SECRET to the secret that Countersign has.');
const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret);
const data = env.DATA ?? './data';

/** Your tables: deals by id, each with the request for its contract, what Countersign wrote of it, notes and attachments. */
const deals = load();

createServer(async (request, response) => {
  try {
    const body = await bodyOf(request);
    const [status, answer] = isSigned(request.headers, body)
      ? await route(request, body)
      : [401, problem('bad signature')];
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  } catch (error) {
    console.error(error);
    response.writeHead(500).end();
  }
}).listen(Number(env.PORT ?? 3000), env.HOST ?? '127.0.0.1', function () {
  console.log(`receiver listens on ${this.address().port}`);
});

async function route({ method, url, headers }, body) {
  const { pathname, searchParams } = new URL(url, 'http://receiver');
  const [, name = '', action = ''] = /^\/deals(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(pathname) ?? [];
  const dealId = decodeURIComponent(name);
  if (method === 'GET' && pathname === '/deals') return [200, wanting(searchParams.get('cursor'))];
  if (dealId === '') return [404, problem('there is no such route')];
  if (method === 'GET' && action === '') return dealOf(dealId);
  if (method === 'PATCH' && action === '') return takeRecord(dealId, JSON.parse(body));
  if (method === 'POST' && action === 'attachments') return takeAttachment(dealId, headers, body);
  if (method === 'POST' && action === 'refusal') return takeRefusal(dealId, JSON.parse(body));
  return [404, problem('there is no such route')];
}

/** Standard Webhooks: `v1,` and the HMAC-SHA-256 of id, timestamp and body, any of several where the key is being changed. */
function isSigned(headers, body) {
  const { 'webhook-id': id = '', 'webhook-timestamp': timestamp = '', 'webhook-signature': signatures = '' } = headers;
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > 300 || Number.isNaN(Number(timestamp))) return false;
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
  return signatures.split(' ').some((signature) => {
    const given = Buffer.from(signature.replace(/^v1,/, ''), 'base64');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

/** The deal's stage and all that Countersign knows of it. Each write is whole: what is null now is no longer so. */
function takeRecord(dealId, { note, ...record }) {
  const deal = dealFor(dealId);
  if (deal.gone) return [410, problem('the deal was deleted')];
  const { round, version } = record;
  // A note is read once, also when its record was overtaken.
  if (note !== undefined && !deal.notes.some((kept) => kept.round === round && kept.version === version))
    deal.notes.push({ round, version, note });
  if (version > (deal.rounds[round]?.version ?? 0)) deal.rounds[round] = record;
  delete deal.refusal;
  save();
  return [200, {}];
}

async function takeAttachment(dealId, headers, body) {
  const deal = dealFor(dealId);
  if (deal.gone) return [410, problem('the deal was deleted')];
  const form = await new Response(body, { headers: { 'content-type': headers['content-type'] } }).formData();
  const bytes = Buffer.from(await form.get('file').arrayBuffer());
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== form.get('sha256')) return [422, problem('the file is not the one that its sha256 names')];
  const round = Number(form.get('round'));
  if (!deal.attachments.some((kept) => kept.sha256 === sha256 && kept.round === round)) {
    // The sha256 names the file: a name that somebody sends is no path.
    writeFileSync(join(data, `${sha256}.pdf`), bytes);
    deal.attachments.push({ round, sha256, name: form.get('name'), envelopeId: form.get('envelopeId') });
    save();
  }
  return [200, {}];
}

/** Why no contract comes of a deal that wants one: show it to whoever entered the deal. */
function takeRefusal(dealId, { why }) {
  dealFor(dealId).refusal = why;
  save();
  return [200, {}];
}

/** Deals that want a contract and have none yet, for `countersign deals backfill`. */
function wanting(cursor) {
  const waiting = Object.keys(deals).filter((dealId) => wants(deals[dealId]) && !isRecorded(deals[dealId]));
  const page = waiting.sort().filter((dealId) => cursor === null || dealId > cursor);
  return { dealIds: page.slice(0, 100), next: page.length > 100 ? page[99] : null };
}

function dealOf(dealId) {
  const deal = deals[dealId];
  if (deal === undefined) return [404, problem('there is no such deal')];
  if (deal.gone) return [200, { wants: 'withdrawal', why: 'the deal was deleted' }];
  if (!wants(deal)) return [200, { wants: 'nothing' }];
  return [200, { wants: 'contract', request: deal.request, recorded: isRecorded(deal) }];
}

function wants(deal) {
  return !deal.gone && deal.request !== undefined;
}

function isRecorded(deal) {
  return deal.rounds[deal.request.round ?? 1] !== undefined;
}

function dealFor(dealId) {
  return (deals[dealId] ??= { rounds: {}, notes: [], attachments: [] });
}

function load() {
  mkdirSync(data, { recursive: true });
  try {
    return Object.assign(Object.create(null), JSON.parse(readFileSync(join(data, 'deals.json'), 'utf8')));
  } catch (error) {
    if (error.code === 'ENOENT') return Object.create(null);
    throw error;
  }
}

function save() {
  writeFileSync(join(data, 'deals.json.new'), JSON.stringify(deals, null, 2));
  renameSync(join(data, 'deals.json.new'), join(data, 'deals.json'));
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function problem(detail) {
  return { detail };
}
