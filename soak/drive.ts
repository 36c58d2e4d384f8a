/** Takes one deal to its end as people do: they look at it, do what it waits for, and come back. */
import { setTimeout as wait } from 'node:timers/promises';
import type { MessageName } from '../src/deal/messages.js';
import type { DealSnapshot } from '../src/deal/snapshot.js';
import { isFinal, type FinalStage } from '../src/deal/stages.js';
import type { TokenRole } from '../src/stack/kept-settings.js';
import type { AtlasDesk } from './atlas-desk.js';
import { idOf, isOut, type Cast, type View } from './cast.js';
import { DOCX, lateDocument, NONSENSE, PDF, PREFILL } from './contracts.js';
import type { TrialCrm } from './crm.js';
import type { GatewayClient, NewDeal } from './gateway-client.js';
import { ONE_SIGNER, SIGNERS, THREE_AND_A_COPY } from './parties.js';
import type { Path } from './paths.js';
import type { Random } from './random.js';

/** Everybody that a deal has to do with. */
export interface Surroundings {
  gateway: GatewayClient;
  atlas: AtlasDesk;
  crm: TrialCrm;
  contracts: string;
}

/** A deal of the soak, and what has been seen of it so far. */
export interface DrivenDeal {
  readonly dealId: string;
  readonly path: Path;
  /** The last look at it; null before the first. */
  last: DealSnapshot | null;
  /** The end that was seen first: no other may follow. */
  end: FinalStage | null;
  /** When it was first asked for, when a gateway had taken it and when its end was first seen; milliseconds since the epoch. */
  begunAt: number | null;
  takenAt: number | null;
  endedAt: number | null;
  /** Starts that were answered with "started". */
  starts: number;
  /** Blocks that were met, by reason, and how often somebody resumed them. */
  blocks: Record<string, number>;
  resumes: Record<string, number>;
}

export function newDrivenDeal(dealId: string, path: Path): DrivenDeal {
  return {
    dealId,
    path,
    last: null,
    end: null,
    begunAt: null,
    takenAt: null,
    endedAt: null,
    starts: 0,
    blocks: {},
    resumes: {},
  };
}

/** Longest time between two looks, milliseconds. */
const LOOK_MS = 4000;
/** How long a message that was taken may take to show before it is told again. */
const SETTLES_MS = 4000;

/** Who tells a deal what, usually. The CRM takes a deal back as often as an operator does. */
const ROLES: Record<MessageName, readonly TokenRole[]> = {
  review: ['reviewer'],
  cancel: ['crm', 'operator'],
  amend: ['operator'],
  resume: ['operator'],
  remind: ['operator'],
};

/** Settles once the deal has ended; rejects when `signal` is aborted. */
export async function drive(
  driven: DrivenDeal,
  surroundings: Surroundings,
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  const { dealId, path } = driven;
  const cast = castOf(driven, surroundings, random, signal);
  const deal = newDeal(dealId, path, random);
  const start = async (): Promise<void> => {
    if (await surroundings.gateway.start(deal)) driven.starts += 1;
  };
  driven.begunAt = Date.now();
  await Promise.all(path.startedTwice ? [start(), start()] : [start()]);
  driven.takenAt = Date.now();
  const people = new People(driven, cast);
  for (;;) {
    signal.throwIfAborted();
    const seen = await surroundings.gateway.deal(dealId);
    if (seen !== null) {
      driven.last = seen;
      if (isFinal(seen.stage)) {
        driven.end = seen.stage;
        driven.endedAt = Date.now();
        return;
      }
      const envelope = seen.envelopeId === null ? null : await surroundings.atlas.envelope(seen.envelopeId);
      await people.act({ deal: seen, envelope });
    }
    await surroundings.crm.written(dealId, random.between(LOOK_MS / 2, LOOK_MS));
  }
}

/** What the people of one deal have done so far. */
class People {
  private step = 0;
  private approvedAt = 0;
  private blockedSince = '';

  constructor(
    private readonly driven: DrivenDeal,
    private readonly cast: Cast,
  ) {}

  async act(view: View): Promise<void> {
    const { path } = this.driven;
    const step = path.steps[this.step];
    if (view.deal.blocked !== null) this.meetBlock(view.deal.blocked);
    if (step?.when(view)) {
      await this.cast.think();
      if (await step.does(this.cast, view)) this.step += 1;
    } else if (view.deal.blocked !== null) {
      await this.resume(view.deal.blocked.reason);
    } else if (view.deal.stage === 'in-review' && path.reviews(view)) {
      await this.approve(view.deal);
    } else if (isOut(view) && path.signs(view)) {
      await this.cast.think();
      await this.cast.atlas.sign(idOf(view));
    }
  }

  private meetBlock({ reason, since }: { reason: string; since: string }): void {
    if (since === this.blockedSince) return;
    this.blockedSince = since;
    count(this.driven.blocks, reason);
  }

  private async resume(reason: string): Promise<void> {
    // A rejected draft waits for the amend that is one of the path's steps.
    if (reason === 'review-rejected') return;
    await this.cast.think();
    await this.cast.think();
    if (await this.cast.tell('resume', { note: 'try again' })) count(this.driven.resumes, reason);
  }

  private async approve({ fieldsVersion }: DealSnapshot): Promise<void> {
    if (Date.now() - this.approvedAt < SETTLES_MS) return;
    await this.cast.think();
    const looked = fieldsVersion !== null && this.cast.random.next() < 0.5 ? { fieldsVersion } : {};
    if (await this.cast.tell('review', { decision: 'approve', ...looked })) this.approvedAt = Date.now();
  }
}

function castOf({ dealId }: DrivenDeal, surroundings: Surroundings, random: Random, signal: AbortSignal): Cast {
  let told = 0;
  return {
    ...surroundings,
    dealId,
    random,
    think: () => wait(random.between(100, 1200), undefined, { signal }),
    tell(name, body) {
      const key = `${dealId}/${name}/${(told += 1)}`;
      return surroundings.gateway.tell(random.pick(ROLES[name]), dealId, name, body, key);
    },
  };
}

function newDeal(dealId: string, { document, signers, detection, documentType }: Path, random: Random): NewDeal {
  const usual = random.next() < 0.2 ? DOCX : PDF;
  const sources = { usual, late: lateDocument(dealId), nonsense: NONSENSE };
  const parties = { one: ONE_SIGNER, two: SIGNERS, three: THREE_AND_A_COPY }[signers];
  return {
    dealId,
    documentType,
    parties,
    ...(document === null ? { prefill: PREFILL } : { document: sources[document] }),
    ...(detection !== 'ready' && { metadata: { sandbox_detection: detection } }),
  };
}

function count(tally: Record<string, number>, what: string): void {
  tally[what] = (tally[what] ?? 0) + 1;
}
