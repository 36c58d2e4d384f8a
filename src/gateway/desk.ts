/**
 * What a caller can do with deals, in the caller's own name and by the caller's role: the one way in for the HTTP routes, the ops
 * console and assistants. Every method throws `Problem` for what the caller did wrong, and `DealsUnavailable` or `ProviderError` for
 * what it could not help.
 */
import { createHash } from 'node:crypto';
import { READERS, type MessageName } from '../deal/messages.js';
import { isDealId } from '../deal/ids.js';
import { policyFor, type Policy, type ProviderName } from '../deal/policy.js';
import type { DealSnapshot } from '../deal/snapshot.js';
import { isFinal } from '../deal/stages.js';
import { ProviderError, type SigningProvider } from '../signing/provider.js';
import { demand, may, MESSAGE_DEEDS } from './access.js';
import { MESSAGE_BODIES, readBody, startBody } from './bodies.js';
import { contractSource } from './contract-source.js';
import type { DealFilter, DealPage } from './deal-list.js';
import type { Deals, Started } from './deals.js';
import type { Caller } from './identity.js';
import { invalidBody, Problem } from './problem.js';

/** What of the provider the gateway asks itself. */
export type SignLinks = Pick<SigningProvider, 'signLink' | 'reviewLink' | 'readEnvelope'> & {
  forTenant(tenant: string): SignLinks;
};

export interface DeskParts {
  deals: Deals;
  signing: Readonly<Partial<Record<ProviderName, SignLinks>>>;
  policies: ReadonlyMap<string, Policy>;
}

export interface StartAnswer {
  workflowId: string;
  /** False when the deal was open already. */
  started: boolean;
}

/** `queued`: the deal will take it after its present step, and its timeline tells what became of it. */
export type TellAnswer = { workflowId: string; queued: false; repeat: boolean } | { workflowId: string; queued: true };

export interface SignLinkAnswer {
  /** Lets its holder sign: not to be stored. */
  signLink: string;
  party: { role: string; order: number } | null;
}

export interface Desk {
  readonly caller: Caller;
  start(body: unknown): Promise<StartAnswer>;
  list(filter: DealFilter): Promise<DealPage>;
  count(filter: DealFilter): Promise<number>;
  /** The latest round by default. `reviewUrl` is null for those who may not see it. */
  read(dealId: string, round?: number): Promise<DealSnapshot>;
  /** The same `key` of the same caller again answers what the first message came to. */
  tell(dealId: string, name: MessageName, body: unknown, key?: string): Promise<TellAnswer>;
  signLink(dealId: string): Promise<SignLinkAnswer>;
  /** Address of the provider's page where the draft is reviewed, made for this moment: it lets its holder send the contract. */
  reviewLink(dealId: string): Promise<string>;
}

export interface DeskOptions {
  /** Deals that are started here are reviewed by a person whatever their type's policy trusts. */
  alwaysReviewed?: boolean;
}

export function createDesk(parts: DeskParts, caller: Caller, options: DeskOptions = {}): Desk {
  const { deals, signing, policies } = parts;

  return {
    caller,

    async start(given) {
      demand(caller, 'start a deal');
      const body = readBody(startBody, given);
      const { dealId, round, documentType, metadata, envelopeId, provider, tenant } = body;
      const written = policies.get(documentType);
      if (!written) {
        const known = [...policies.keys()].join(', ');
        throw invalidBody([
          { path: 'documentType', message: `is not in the document types file, which knows ${known}` },
        ]);
      }
      const chosen =
        envelopeId === undefined ? policyFor(offered(written, tenant), dealId) : policyOfEnvelope(written, provider);
      const policy = tenant === undefined ? chosen : ofTenant(chosen);
      if (envelopeId === undefined && provider !== undefined) throw invalidBody([WITHOUT_ENVELOPE]);
      const source = contractSource(body, policy);
      const started = await deals.start({
        dealId,
        round,
        documentType,
        ...source,
        ...(metadata && { metadata }),
        ...(tenant !== undefined && { tenant }),
        policy: options.alwaysReviewed ? reviewed(policy) : policy,
      });
      if (started.kind !== 'started' && started.kind !== 'attached') throw refusalOf(started, dealId, round);
      return { workflowId: started.workflowId, started: started.kind === 'started' };
    },

    async list(filter) {
      demand(caller, 'read a deal');
      return deals.list(filter);
    },

    async count(filter) {
      demand(caller, 'read a deal');
      return deals.count(filter);
    },

    async read(dealId, round) {
      demand(caller, 'read a deal');
      const snapshot = await snapshotOf(dealId, round);
      // The review link lets its holder send the contract.
      return may(caller, 'see the review link') ? snapshot : { ...snapshot, reviewUrl: null };
    },

    async tell(dealId, name, body, key) {
      demand(caller, MESSAGE_DEEDS[name]);
      const told = await deals.tell(
        knownId(dealId),
        name,
        messageOf(name, body, caller),
        updateIdOf(name, caller, key),
      );
      switch (told.kind) {
        case 'taken':
          return { workflowId: told.workflowId, queued: false, repeat: told.repeat };
        case 'queued':
          return { workflowId: told.workflowId, queued: true };
        case 'unknown':
          throw unknownDeal(dealId);
        case 'ended': {
          const { workflowId, outcome } = told;
          throw new Problem(409, 'deal-ended', `The deal has ended: ${outcome}.`, { workflowId, outcome });
        }
        case 'not-now':
          throw new Problem(409, 'not-now', `Not now: ${told.why}.`, { workflowId: told.workflowId });
        case 'malformed':
          throw invalidBody([{ path: '', message: told.why }]);
      }
    },

    async signLink(dealId) {
      demand(caller, 'fetch the sign link');
      const deal = await snapshotOf(dealId);
      const { stage, envelopeId } = deal;
      if (isFinal(stage)) throw new Problem(409, 'deal-ended', `The deal has ended: ${stage}.`, { outcome: stage });
      if (stage !== 'out-for-signature' || envelopeId === null) {
        const detail = `Not now: there is a link while a deal is out for signature; this is ${stage}.`;
        throw new Problem(409, 'not-now', detail);
      }
      const provider = providerOf(deal);
      const signLink = await linkOf(provider, envelopeId);
      if (signLink === null) {
        const detail =
          "Not now: it is nobody's turn to sign. Look at the deal again in a moment: it may have moved on.";
        throw new Problem(409, 'not-now', detail);
      }
      // Whose link it is must not come from the snapshot: the deal may not know yet that the turn has moved on.
      const { parties } = await provider.readEnvelope(envelopeId);
      const turn = parties?.find((party) => party.status === 'pending');
      return { signLink, party: turn ? { role: turn.role, order: turn.order } : null };
    },

    async reviewLink(dealId) {
      demand(caller, 'see the review link');
      const deal = await snapshotOf(dealId);
      const { stage, envelopeId } = deal;
      if (isFinal(stage)) throw new Problem(409, 'deal-ended', `The deal has ended: ${stage}.`, { outcome: stage });
      if (envelopeId === null) throw noDraft(stage);
      const provider = providerOf(deal);
      const link = await provider.reviewLink(envelopeId).catch((error: unknown) => {
        if (error instanceof ProviderError && error.kind === 'conflict') throw noDraft(stage);
        throw error;
      });
      if (link === null) throw noDraft(stage);
      return link;
    },
  };

  function providerOf({ provider: name, tenant }: DealSnapshot): SignLinks {
    const provider = signing[name];
    if (!provider) throw notOurs(name);
    return tenant ? provider.forTenant(tenant) : provider;
  }

  async function snapshotOf(dealId: string, round?: number): Promise<DealSnapshot> {
    const read = await deals.read(knownId(dealId), round);
    if (read.kind === 'unknown') throw unknownDeal(dealId, round);
    return read.snapshot;
  }
}

function noDraft(stage: string): Problem {
  return new Problem(
    409,
    'not-now',
    `Not now: there is a draft to look at until the contract is sent; this is ${stage}.`,
  );
}

/** Some providers give no links out: what they say of that is the answer. */
async function linkOf(provider: SignLinks, envelopeId: string): Promise<string | null> {
  try {
    return await provider.signLink(envelopeId);
  } catch (error) {
    if (!(error instanceof ProviderError) || error.kind !== 'conflict') throw error;
    throw new Problem(409, 'no-sign-link', `${error.message}.`);
  }
}

/** Only Atlas keeps the accounts of tenants apart, so where two providers share the deals of a type, a tenant's go by Atlas. */
function offered(policy: Policy, tenant: string | undefined): Policy {
  return tenant !== undefined && policy.dual ? policy.dual.policies.atlas : policy;
}

/** A draft for comparison would stand in an account that all tenants share. */
function ofTenant({ shadow: _shared, shadowTemplate: _too, ...policy }: Policy): Policy {
  if (policy.provider === 'atlas') return policy;
  const message = `must be left out: the deal goes by ${policy.provider}, and only Atlas keeps tenants apart`;
  throw invalidBody([{ path: 'tenant', message }]);
}

const WITHOUT_ENVELOPE = { path: 'provider', message: 'says whose envelopeId is; the document type decides otherwise' };

/** Where two providers share the deals of a type, whose the envelope is must be said. */
function policyOfEnvelope({ dual, ...policy }: Policy, named: ProviderName | undefined): Policy {
  if (!dual) {
    if (named === undefined || named === policy.provider) return policy;
    const message = `must be ${policy.provider}: deals of this document type go by no other`;
    throw invalidBody([{ path: 'provider', message }]);
  }
  if (named !== undefined) return dual.policies[named];
  const message = 'is missing: deals of this document type go by two, and the envelope is at one of them';
  throw invalidBody([{ path: 'provider', message }]);
}

function notOurs(name: ProviderName): Problem {
  return new Problem(501, 'no-provider', `This gateway has no account at ${name}: set what its settings need.`);
}

function knownId(dealId: string): string {
  if (!isDealId(dealId)) throw new Problem(404, 'unknown-deal', 'No deal can have this id.');
  return dealId;
}

function unknownDeal(dealId: string, round?: number): Problem {
  const what = round === undefined ? `deal ${dealId}` : `round ${round} of deal ${dealId}`;
  return new Problem(404, 'unknown-deal', `There is no ${what}, or it ended so long ago that it is forgotten.`);
}

function reviewed(policy: Policy): Policy {
  return policy.template ? { ...policy, template: { ...policy.template, trusted: false } } : policy;
}

/** A named caller speaks in its own name only; the deal's timeline can be trusted with who did what. */
function messageOf(name: MessageName, given: unknown, caller: Caller): unknown {
  const body = readBody(MESSAGE_BODIES[name], given ?? {});
  const field = name === 'review' ? 'reviewer' : 'by';
  const said = 'reviewer' in body ? body.reviewer : 'by' in body ? body.by : undefined;
  const message = READERS[name]({ ...body, [field]: caller.named ? caller.name : (said ?? caller.name) });
  if (message.problem !== undefined) throw invalidBody([{ path: '', message: message.problem }]);
  return message.value;
}

/** The same key of the same caller is the same message. Keys of callers are of any form, Temporal's ids are not. */
function updateIdOf(name: MessageName, caller: Caller, key: string | undefined): string | undefined {
  if (key === undefined) return undefined;
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) {
    throw new Problem(400, 'bad-request', 'Idempotency-Key must be one line of 1 to 255 printable characters.');
  }
  const hash = createHash('sha256').update(`${caller.name}\n${key}`).digest('hex');
  return `${name}-${hash.slice(0, 32)}`;
}

function refusalOf(
  started: Exclude<Started, { kind: 'started' } | { kind: 'attached' }>,
  dealId: string,
  round: number,
): Problem {
  switch (started.kind) {
    case 'ended': {
      const { workflowId, outcome } = started;
      const detail = `The deal has ended: ${outcome}. To do it again, name the next round: "round": ${round + 1}.`;
      return new Problem(409, 'deal-ended', detail, { workflowId, outcome });
    }
    case 'taken': {
      const { workflowId } = started;
      const detail = `The workflow ${workflowId} belongs to another deal whose id and round read the same, or to another tenant. Use another deal id.`;
      return new Problem(409, 'workflow-id-taken', detail, { workflowId });
    }
    case 'envelope-taken': {
      const { workflowId } = started;
      const detail = `The envelope is ${workflowId}'s already: look at that deal.`;
      return new Problem(409, 'envelope-taken', detail, { workflowId });
    }
    case 'other-round': {
      const detail = started.open
        ? `Round ${started.round} of deal ${dealId} is open. Wait until it ends, or cancel it.`
        : `Deal ${dealId} has gone on to round ${started.round}. To do it again, name a later round.`;
      return new Problem(409, 'other-round', detail);
    }
    case 'not-next':
      return invalidBody([
        { path: 'round', message: `must be the next one: round ${started.round - 1} of deal ${dealId} is not known` },
      ]);
  }
}
