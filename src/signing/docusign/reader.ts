/**
 * Reads envelopes by lists alone: reading one by itself (`GET /envelopes/{id}`) more than once in 15 minutes is polling, which DocuSign
 * counts against the integration key. Reads that come together go in one call.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { DocusignAccount } from '../../docusign/account.js';
import { ProviderError, type ProviderErrorKind } from '../provider.js';
import { noSuchEnvelope, told } from './errors.js';
import { listSchema, readAnswer, type Envelope, type List } from './schemas.js';

const GATHER_MS = 50;
/** Their ids stand in the address. */
const MOST_IDS = 100;
const READ_MS = 20_000;
/** How soon a new envelope is listed is not documented. */
const LOOK_AGAIN_MS = [1_000, 2_000];
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const INCLUDE = 'recipients,custom_fields';

export interface Reader {
  /** Throws `ProviderError`; `not-found` once several looks have not shown it. */
  read(envelopeId: string): Promise<Envelope>;
  list(query: Record<string, string>): Promise<List>;
}

export interface ReaderOptions {
  /** Pauses before an envelope that is not listed is looked for again, in ms. */
  lookAgainMs?: readonly number[];
  /** Time limit of a call, in ms. */
  callMs?: number;
}

interface Batch {
  ids: Set<string>;
  found: Promise<ReadonlyMap<string, Envelope | Error>>;
}

export function createReader(
  account: DocusignAccount,
  { lookAgainMs = LOOK_AGAIN_MS, callMs = READ_MS }: ReaderOptions = {},
): Reader {
  let gathering: Batch | undefined;

  const list = (query: Record<string, string>): Promise<List> =>
    told(async () => {
      const answer = await account.call({ api: 'esignature', method: 'GET', path: '/envelopes', query, callMs });
      return readAnswer(answer, listSchema, 'GET /envelopes');
    });

  async function look(envelopeId: string): Promise<Envelope | undefined> {
    gathering ??= gather();
    const { ids, found } = gathering;
    ids.add(envelopeId);
    if (ids.size >= MOST_IDS) gathering = undefined;
    const one = (await found).get(envelopeId);
    if (one instanceof Error) throw one;
    return one;
  }

  function gather(): Batch {
    const ids = new Set<string>();
    const found = pause(GATHER_MS).then(() => {
      if (gathering?.ids === ids) gathering = undefined;
      return readAll([...ids]);
    });
    return { ids, found };
  }

  /** What DocuSign refuses to say of many is asked of each, so that one envelope cannot stand in the way of the others. */
  async function readAll(ids: readonly string[]): Promise<Map<string, Envelope | Error>> {
    try {
      const { envelopes } = await list({ envelope_ids: ids.join(','), include: INCLUDE });
      return new Map(envelopes.map((envelope) => [envelope.envelopeId, envelope]));
    } catch (error) {
      const failure = error instanceof Error ? error : new Error('unknown');
      const [only] = ids;
      if (ids.length === 1 && only !== undefined) return new Map([[only, failure]]);
      if (!isAboutOne(failure)) return new Map(ids.map((id) => [id, failure]));
      const each = await Promise.all(ids.map((id) => readAll([id])));
      return new Map(each.flatMap((one) => [...one]));
    }
  }

  return {
    list,
    async read(given) {
      const envelopeId = given.toLowerCase();
      // It would spoil the call for the others.
      if (!GUID.test(envelopeId)) throw noSuchEnvelope(given);
      for (const wait of [0, ...lookAgainMs]) {
        if (wait > 0) await pause(wait);
        const envelope = await look(envelopeId);
        if (envelope) return envelope;
      }
      // Whether lists hold what is in the recycle bin is not documented.
      const { envelopes } = await list({ envelope_ids: envelopeId, include: INCLUDE, status: 'deleted' });
      const deleted = envelopes.find((envelope) => envelope.envelopeId === envelopeId);
      if (deleted) return deleted;
      throw noSuchEnvelope(envelopeId);
    },
  };
}

/** Other refusals are of the account, or pass. */
const OF_ONE: readonly ProviderErrorKind[] = ['invalid', 'not-found', 'conflict', 'unreadable', 'too-large'];

function isAboutOne(error: Error): boolean {
  return error instanceof ProviderError && OF_ONE.includes(error.kind);
}
