/** What `countersign migrate revoke-check` goes by, gathered from Temporal, the sink, the call log and DOCUMENT_TYPES. */
import { readDocusignSettings, type Environment } from '../../config.js';
import { readVariables } from '../../config/environment.js';
import { VARIABLES } from '../../config/variables.js';
import { readCallLog } from '../../docusign/call-log.js';
import { fingerprintOf } from '../../docusign/fingerprints.js';
import { SinkError } from '../../docusign/rows.js';
import type { DocusignSettings } from '../../docusign/settings.js';
import { readCustomerEvents } from '../../docusign/sinks/reading.js';
import type { TemporalClient } from '../../temporal/connection.js';
import { cleanByAtlas, cutOff, openBy, typesBy } from './asked.js';
import { coverOf, syncsSince, type Cover } from './feed-life.js';
import type { Demands, EventFacts, RevokeFacts } from './revoke.js';
import { sinkDatabase, typesFileOf, withTemporal } from './settings.js';
import { standingsIn } from './shares.js';
import { useOf } from './usage.js';

const DAY_MS = 24 * 3_600_000;

/** Throws where Temporal, DOCUMENT_TYPES or the settings of DocuSign are not to be had: then there is nothing to say. */
export async function revokeFacts(
  env: Environment,
  { key, envelopes, days }: Demands,
  now = Date.now(),
): Promise<RevokeFacts> {
  const settings = readDocusignSettings(env);
  const standings = standingsIn(typesFileOf(env));
  const from = now - days * DAY_MS;
  const found = await eventsSince(env, settings, key, from, now);
  return withTemporal(env, async (temporal) => {
    const had = await typesBy(temporal, 'docusign');
    const has = [...standings].filter(([, { shares, docusign }]) => shares.docusign > 0 || docusign !== 'absent');
    const types: RevokeFacts['types'] = [];
    for (const documentType of new Set([...has.map(([name]) => name), ...had]))
      types.push({
        documentType,
        shares: standings.get(documentType)?.shares ?? null,
        clean: await cleanByAtlas(temporal, documentType, envelopes),
      });
    const own = settings.integrationKey.toLowerCase() === key.toLowerCase();
    return {
      types,
      openByDocusign: await openBy(temporal, 'docusign'),
      cutOff: await cutOff(temporal, 'docusign'),
      events: found.events,
      feed: await feedCover(temporal, env, settings, found, { from, now }),
      calls: await callsSince(settings, key, from),
      own,
      feeds: own && settings.feeds.length > 0,
    };
  });
}

interface Found {
  events: EventFacts;
  /** Why the sink cannot be read; null when it was. */
  unread: string | null;
}

async function eventsSince(
  env: Environment,
  settings: DocusignSettings,
  key: string,
  from: number,
  now: number,
): Promise<Found> {
  const events: EventFacts = { all: 0, withKey: 0, byKey: 0, latestByKey: null, what: [] };
  const what = new Map<string, number>();
  // The clocks of DocuSign may be ahead.
  const query = { from: new Date(from), to: new Date(now + DAY_MS) };
  let unread: string | null = null;
  try {
    for await (const row of readCustomerEvents(settings.sink, { database: () => sinkDatabase(env) }, query)) {
      const use = useOf(row);
      events.all += 1;
      if (use.key !== null) events.withKey += 1;
      if (use.key !== key.toLowerCase()) continue;
      events.byKey += 1;
      if (events.latestByKey === null || use.at > events.latestByKey) events.latestByKey = use.at;
      what.set(use.what, (what.get(use.what) ?? 0) + 1);
    }
  } catch (error) {
    if (!(error instanceof SinkError)) throw error;
    unread = error.message;
  }
  events.what = [...what].map(([name, times]) => ({ what: name, events: times })).sort((a, b) => b.events - a.events);
  return { events, unread };
}

async function feedCover(
  temporal: TemporalClient,
  env: Environment,
  settings: DocusignSettings,
  { unread }: Found,
  { from, now }: { from: number; now: number },
): Promise<Cover> {
  if (unread !== null) return { ok: false, why: `the sink cannot be read: ${unread}` };
  if (!settings.feeds.includes('customer-events'))
    return { ok: false, why: 'DOCUSIGN_FEEDS does not have customer-events' };
  const { TASK_QUEUE } = VARIABLES;
  const taskQueue = readVariables(env, { TASK_QUEUE }).value?.TASK_QUEUE ?? 'countersign';
  const { firstLookBackMs: lookBackMs } = settings;
  const life = await syncsSince(temporal, taskQueue, { from: from - lookBackMs, now, lookBackMs });
  return coverOf(life, from, now, lookBackMs);
}

async function callsSince({ folder }: DocusignSettings, key: string, from: number): Promise<RevokeFacts['calls']> {
  const { entries, skipped } = await readCallLog(folder);
  const own = fingerprintOf(key);
  // Reading the feeds and logging in sends nobody a contract.
  const calls = entries.filter(({ key: by, api, at }) => by === own && api === 'esignature' && Date.parse(at) >= from);
  return { number: calls.length, latest: calls.at(-1)?.at ?? null, unreadable: skipped };
}
