/** Rows to an HTTP log collector, in the form that the one of Cortex XSIAM takes: a POST of lines of JSON, compressed. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { EnvHttpProxyAgent, request } from 'undici';
import { SinkError, type FeedEntry, type FeedSink } from '../rows.js';
import type { Feed } from '../settings.js';
import { inBatches, type BatchLimits } from './batches.js';
import { CollectorBusy, refusalOf, retryAfterMs, silence } from './collector-answers.js';
import { KeyJournal, type KeyJournalLimits } from './key-journal.js';
import { lineOf } from './lines.js';
import type { Log } from '../log.js';
import { createTurns } from './turns.js';

export interface HttpSinkOptions {
  url: string;
  token: string | null;
  /** Where the journal of what was delivered is kept. */
  folder: string;
  log: Log;
  batch?: BatchLimits;
  journal?: Partial<KeyJournalLimits>;
  /** For a whole call, in ms. */
  callMs?: number;
  /** Unix time in ms. */
  now?: () => number;
}

/** XSIAM takes 5 MB a row and 9.5 MB a batch; its own integrations send 1 MiB at a time (CommonServerPython). */
const BATCH: BatchLimits = { rows: 1_000, bytes: 1024 * 1024 };
const CALL_MS = 30_000;
const CONNECT_MS = 5_000;
const READ_BYTES = 64 * 1024;

interface Line {
  key: string;
  text: string;
}

/**
 * At least once: a batch is told as delivered after a 2xx, and its keys are remembered on this machine. One of unclear outcome is sent again,
 * with the same `Idempotency-Key`, by which a collector can drop it, and each row with its `countersign_key`. Throws `SinkError`
 * (`CollectorBusy` where the collector says for how long).
 */
export function createHttpSink(options: HttpSinkOptions): FeedSink {
  const { url, log, batch = BATCH, callMs = CALL_MS, now = Date.now } = options;
  const address = addressOf(url);
  const journal = new KeyJournal(options.folder, url, log, options.journal);
  const authorization = options.token === null ? undefined : authorizationOf(address, options.token);
  // As towards the vendors: plain http: is for one's own network, so only HTTPS_PROXY (with NO_PROXY) counts.
  const dispatcher = new EnvHttpProxyAgent({ httpProxy: '', connect: { timeout: CONNECT_MS }, connections: 2 });
  const inTurn = createTurns();
  let leftAloneUntil = 0;
  let closed: Promise<void> | undefined;

  /** Answers the status; whatever else comes is thrown away. Throws when there is no answer, or one that says to wait. */
  async function post(text: string, batchKey: string): Promise<number> {
    if (closed) throw new SinkError('unavailable', 'The log collector is closed.');
    const wait = leftAloneUntil - now();
    if (wait > 0) throw new CollectorBusy('The log collector of DOCUSIGN_SINK was busy.', wait);
    const body = await promisify(gzip)(text);
    const answer = await request(address, {
      dispatcher,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-encoding': 'gzip',
        'idempotency-key': batchKey,
        'user-agent': 'countersign',
        ...(authorization !== undefined && { authorization }),
      },
      body,
      headersTimeout: callMs,
      bodyTimeout: callMs,
      signal: AbortSignal.timeout(callMs),
    }).catch((error: unknown) => {
      throw silence(error);
    });
    await answer.body.dump({ limit: READ_BYTES }).catch(() => undefined);
    const refusal = refusalOf(answer.statusCode, retryAfterMs(answer.headers['retry-after'], now()));
    if (refusal instanceof CollectorBusy) leftAloneUntil = now() + refusal.retryAfterMs;
    if (refusal.kind === 'unavailable') throw refusal;
    return answer.statusCode;
  }

  /** A batch that is too large for the collector goes in halves. */
  async function send(feed: Feed, lines: readonly Line[]): Promise<void> {
    const keys = lines.map(({ key }) => key);
    const status = await post(lines.map(({ text }) => text).join(''), keyOfBatch(feed, keys));
    if (isTaken(status)) return journal.add(feed, keys);
    if (status !== 413 || lines.length === 1) throw refusalOf(status, undefined);
    const middle = Math.ceil(lines.length / 2);
    await send(feed, lines.slice(0, middle));
    await send(feed, lines.slice(middle));
  }

  return {
    deliver: (feed, entries) =>
      inTurn(async () => {
        await journal.refresh();
        let written = 0;
        // Cut before known rows are left out: what is sent again after an unclear outcome is then the same batch.
        for (const lines of inBatches(linesOf(feed, entries), ({ text }) => text, batch)) {
          const fresh = lines.filter(({ key }) => !journal.has(feed, key));
          if (fresh.length > 0) await send(feed, fresh);
          written += fresh.length;
        }
        return { written, repeated: entries.length - written };
      }),

    /** An empty batch: it shows whether the collector is there and accepts the token; what it says to emptiness does not matter. */
    async check() {
      const status = await post('', keyOfBatch('check', []));
      if (status < 400 && !isTaken(status)) throw refusalOf(status, undefined);
      if ([401, 403, 404, 405].includes(status)) throw refusalOf(status, undefined);
    },

    close: () => (closed ??= inTurn(() => dispatcher.close())),
  };
}

function isTaken(status: number): boolean {
  return status >= 200 && status <= 299;
}

function addressOf(url: string): URL {
  const address = URL.parse(url);
  if (address) return address;
  throw new SinkError('refused', 'DOCUSIGN_SINK is no web address; for example https://logs.example.com/.');
}

/** XSIAM takes the key of its collector bare (its own example for `/logs/v1/event`), others a bearer token. */
function authorizationOf(address: URL, token: string): string {
  return address.pathname.replace(/\/$/, '') === '/logs/v1/event' ? token : `Bearer ${token}`;
}

function linesOf(feed: Feed, entries: readonly FeedEntry[]): Line[] {
  const lines = new Map<string, Line>();
  for (const entry of entries) {
    if (!lines.has(entry.key)) lines.set(entry.key, { key: entry.key, text: lineOf(feed, entry) });
  }
  return [...lines.values()];
}

function keyOfBatch(feed: string, keys: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([feed, ...keys]))
    .digest('hex');
}
