/** The one place of the gateway that talks to Temporal. Every call has a deadline, and no answer in time is `DealsUnavailable`. */
import { setTimeout as wait } from 'node:timers/promises';
import {
  isGrpcServiceError,
  QueryNotRegisteredError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type WorkflowStartOptions,
} from '@temporalio/client';
import { ApplicationFailure, defineSearchAttributeKey } from '@temporalio/common';
import { TAKE_TYPE } from '../deal/intake.js';
import { DEAL_QUERY, EVENT_SIGNAL, WORKFLOW_TYPE, type Taken } from '../deal/messages.js';
import { workflowIdOf } from '../deal/ids.js';
import { SEARCH_ATTRIBUTES } from '../deal/search-attributes.js';
import type { DealSnapshot } from '../deal/snapshot.js';
import { isEcho } from '../deal/state.js';
import type { DealStart } from '../deal/start.js';
import type { TemporalClient } from '../temporal/connection.js';
import { undecipherableIn } from '../temporal/encryption.js';
import { asTenant } from '../temporal/tenant-keys.js';
import { codeOf, GRPC } from '../temporal/grpc.js';
import { missingSearchAttributes, SetupError } from '../temporal/search-attributes.js';
import { DealsUnavailable, type Deals, type Heard, type Started } from './deals.js';
import { countDeals, listDeals, UnreadableQuery, type DealFilter, type DealMemo } from './deal-list.js';
import { describe, isOpen, latestRound, lookUpRound, outcomeOf, type Round } from './rounds.js';

/** How long each call may take, in milliseconds. Atlas gives up on a webhook after 10 s (Atlas notes 11.4), HubSpot after 5 s. */
const PATIENCE = {
  start: 8_000,
  read: 5_000,
  tell: 8_000,
  busy: 3_000,
  hear: 7_000,
  take: 4_000,
  list: 10_000,
  check: 2_000,
};

const KEYS = {
  DealStage: defineSearchAttributeKey('DealStage', SEARCH_ATTRIBUTES.DealStage),
  DealTenant: defineSearchAttributeKey('DealTenant', SEARCH_ATTRIBUTES.DealTenant),
  DocumentType: defineSearchAttributeKey('DocumentType', SEARCH_ATTRIBUTES.DocumentType),
  SigningProvider: defineSearchAttributeKey('SigningProvider', SEARCH_ATTRIBUTES.SigningProvider),
  StageSince: defineSearchAttributeKey('StageSince', SEARCH_ATTRIBUTES.StageSince),
};

export function createTemporalDeals(
  { client, connection }: TemporalClient,
  { namespace, taskQueue }: { namespace: string; taskQueue: string },
): Deals {
  return {
    start: (start) => within(PATIENCE.start, () => startDeal(start)),

    read: (dealId, wanted) =>
      within(PATIENCE.read, async () => {
        const round = await (wanted === undefined ? latestRound(client, dealId) : lookUpRound(client, dealId, wanted));
        if (!round || round.foreign) return { kind: 'unknown' };
        return { kind: 'deal', snapshot: await snapshotOf(round) };
      }),

    tell: (dealId, name, message, updateId) =>
      within(PATIENCE.tell, async () => {
        const round = await latestRound(client, dealId);
        if (!round) return { kind: 'unknown' };
        const { workflowId, description } = round;
        if (!isOpen(description)) return { kind: 'ended', workflowId, outcome: await outcomeOf(client, description) };
        try {
          const answer = await updated(workflowId, name, message, updateId);
          if (answer) return { kind: 'taken', workflowId, repeat: answer.taken === 'repeat' };
          await client.workflow.getHandle(workflowId).signal(name, message);
          return { kind: 'queued', workflowId };
        } catch (error) {
          const refusal = refusalOf(error);
          if (refusal) return { ...refusal, workflowId };
          const ended = await endedMeanwhile(error, workflowId);
          if (ended !== undefined) return { kind: 'ended', workflowId, outcome: ended };
          if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isBusy(error))
            throw noWorkerFor(name, error);
          throw error;
        }
      }),

    hear: (event, workflowId) =>
      within(PATIENCE.hear, async () => {
        const id = workflowId ?? (await workflowOfEnvelope(event.envelopeId));
        if (id === undefined) return 'unknown';
        try {
          if (event.event === 'envelope.sent' && (await isEchoFor(id))) return 'ignored';
          await client.workflow.getHandle(id).signal(EVENT_SIGNAL, event);
          return 'signalled';
        } catch (error) {
          if (!(error instanceof WorkflowNotFoundError)) throw error;
          return (await describe(client, id)) ? 'ended' : ('unknown' satisfies Heard);
        }
      }),

    take: (deals, id) =>
      within(PATIENCE.take, async () => {
        await client.workflow.start(TAKE_TYPE, {
          workflowId: `crm-${deals.crm}-${id}`,
          taskQueue,
          args: [deals],
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          workflowIdConflictPolicy: 'USE_EXISTING',
          staticSummary: `${deals.dealIds.length} deals of ${deals.crm} that may want a contract`,
        });
      }),

    list: (filter) => within(PATIENCE.list, () => asked(filter, () => listDeals(client, namespace, filter))),

    count: (filter) => within(PATIENCE.list, () => asked(filter, () => countDeals(client, namespace, filter))),

    check: () =>
      within(PATIENCE.check, async () => {
        await connection.workflowService.describeNamespace({ namespace });
        const missing = await missingSearchAttributes(connection, namespace);
        if (missing.length > 0) throw unprepared(`lacks the search attributes ${missing.join(', ')}`);
      }).catch((error: unknown) => {
        throw error instanceof SetupError ? new DealsUnavailable('temporal-unavailable', error.message) : error;
      }),
  };

  /**
   * A second start of an open deal fails here and is answered by a look at it. Attaching by Temporal's own USE_EXISTING would not tell which
   * of several callers started the deal, and the look is needed anyway: the workflow may be another deal's.
   */
  async function startDeal(start: DealStart): Promise<Started> {
    const { dealId, round, policy, tenant } = start;
    const { reviewSlaMs } = policy;
    const workflowId = workflowIdOf(dealId, round);
    const hindrance = await otherRound(start);
    if (hindrance) return hindrance;
    const owner = start.envelopeId === undefined ? undefined : await workflowOfEnvelope(start.envelopeId);
    if (owner !== undefined && owner !== workflowId) return { kind: 'envelope-taken', workflowId: owner };
    try {
      const options: WorkflowStartOptions = {
        workflowId,
        taskQueue,
        args: [start],
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        workflowIdConflictPolicy: 'FAIL',
        typedSearchAttributes: [
          { key: KEYS.DealStage, value: 'preparing' },
          { key: KEYS.DocumentType, value: start.documentType },
          { key: KEYS.SigningProvider, value: start.policy.provider },
          { key: KEYS.StageSince, value: new Date() },
          ...(tenant === undefined ? [] : [{ key: KEYS.DealTenant, value: tenant }]),
        ],
        // What is done for a deal inherits it, so that no tenant's backlog stands before another's deal.
        ...(tenant !== undefined && { priority: { fairnessKey: tenant } }),
        memo: { dealId, round, ...(reviewSlaMs !== undefined && { reviewSlaMs }) } satisfies DealMemo,
        staticSummary: `${start.documentType}, signed with ${start.policy.provider}`,
        staticDetails: detailsOf(start),
      };
      await asTenant(tenant, () => client.workflow.start(WORKFLOW_TYPE, options));
      return { kind: 'started', workflowId };
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    const present = await lookUpRound(client, dealId, round);
    if (!present || present.foreign || isOthers(present, start)) return { kind: 'taken', workflowId };
    if (isOpen(present.description)) return { kind: 'attached', workflowId };
    return { kind: 'ended', workflowId, outcome: await outcomeOf(client, present.description) };
  }

  /** A deal has one open round at a time, and rounds follow each other without a gap. */
  async function otherRound(start: DealStart): Promise<Started | undefined> {
    const { dealId, round } = start;
    const later = await lookUpRound(client, dealId, round + 1);
    if (later && !later.foreign && isOthers(later, start)) return { kind: 'taken', workflowId: later.workflowId };
    if (later && !later.foreign) return { kind: 'other-round', round: later.round, open: isOpen(later.description) };
    for (let earlier = round - 1; earlier >= 1; earlier--) {
      const found = await lookUpRound(client, dealId, earlier);
      if (!found || found.foreign) {
        // Rounds before the previous one may be forgotten by now.
        return earlier === round - 1 ? { kind: 'not-next', round } : undefined;
      }
      if (isOthers(found, start)) return { kind: 'taken', workflowId: found.workflowId };
      if (isOpen(found.description)) return { kind: 'other-round', round: earlier, open: true };
    }
    return undefined;
  }

  /** Deal ids are one space over all tenants: nobody must be led to the deal of another. */
  function isOthers({ description }: Round, { tenant }: DealStart): boolean {
    return description.typedSearchAttributes.get(KEYS.DealTenant) !== tenant;
  }

  async function snapshotOf({ workflowId, description }: Round): Promise<DealSnapshot> {
    try {
      return await client.workflow.getHandle(workflowId, description.runId).query<DealSnapshot>(DEAL_QUERY);
    } catch (error) {
      const code = codeOf(error);
      // Temporal cancels the query itself when it gives up first.
      const unanswered =
        code === GRPC.DEADLINE_EXCEEDED || code === GRPC.CANCELLED || code === GRPC.FAILED_PRECONDITION;
      if (!unanswered && !(error instanceof QueryNotRegisteredError)) throw error;
      throw new DealsUnavailable(
        'no-worker',
        `The deal exists, but no worker answered for it. Check that a worker runs on the task queue ${taskQueue}, then ask again.`,
        { cause: error },
      );
    }
  }

  /** What the caller put in words of its own may be refused; everything else in a list query is ours. */
  async function asked<T>({ query }: DealFilter, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (query !== undefined && codeOf(error) === GRPC.INVALID_ARGUMENT) throw new UnreadableQuery(reasonOf(error));
      throw error;
    }
  }

  /** Whether the deal's own send caused this `envelope.sent`. Its stage comes from the run itself, not from the list, which lags. */
  async function isEchoFor(workflowId: string): Promise<boolean> {
    const stage = (await describe(client, workflowId))?.typedSearchAttributes.get(KEYS.DealStage);
    return stage !== undefined && isEcho(stage, 'envelope.sent');
  }

  /** The deal's answer to an update; undefined when it stays in the midst of a step. */
  async function updated(
    workflowId: string,
    name: string,
    message: unknown,
    updateId?: string,
  ): Promise<Taken | undefined> {
    const handle = client.workflow.getHandle(workflowId);
    const deadline = Date.now() + PATIENCE.busy;
    for (let pause = 50; Date.now() < deadline; pause *= 2) {
      try {
        return await handle.executeUpdate<Taken, [unknown]>(name, { args: [message], ...(updateId && { updateId }) });
      } catch (error) {
        if (!isRejectedAs(error, 'Busy')) throw error;
        await wait(pause);
      }
    }
    return undefined;
  }

  /** The update came too late for an open deal; undefined when that is not what the error says. */
  async function endedMeanwhile(error: unknown, workflowId: string): Promise<string | undefined> {
    const completed =
      error instanceof WorkflowUpdateFailedError &&
      error.cause instanceof ApplicationFailure &&
      error.cause.type === 'AcceptedUpdateCompletedWorkflow';
    if (!completed && !(error instanceof WorkflowNotFoundError)) return undefined;
    const description = await describe(client, workflowId);
    return description && !isOpen(description) ? outcomeOf(client, description) : undefined;
  }

  /** From Temporal's list, which lags a little: of several deals the open one, then the newest. */
  async function workflowOfEnvelope(envelopeId: string): Promise<string | undefined> {
    // The id goes into a query: only what needs no escaping is looked up.
    if (!/^[A-Za-z0-9_.:-]{1,200}$/.test(envelopeId)) return undefined;
    const query = `EnvelopeId = "${envelopeId}" AND WorkflowType = "${WORKFLOW_TYPE}"`;
    let best: { workflowId: string; open: boolean; startTime: Date } | undefined;
    for await (const { workflowId, status, startTime } of client.workflow.list({ query, pageSize: 20 })) {
      const open = status.name === 'RUNNING';
      if (!best || (open && !best.open) || (open === best.open && startTime > best.startTime)) {
        best = { workflowId, open, startTime };
      }
    }
    return best?.workflowId;
  }

  async function within<T>(milliseconds: number, call: () => Promise<T>): Promise<T> {
    try {
      return await connection.withDeadline(Date.now() + milliseconds, call);
    } catch (error) {
      throw unavailability(error) ?? error;
    }
  }

  function noWorkerFor(name: string, cause: unknown): DealsUnavailable {
    return new DealsUnavailable(
      'no-worker',
      `No worker took the ${name} in time. It may still arrive: look at the deal before you send it again (with an ` +
        `Idempotency-Key a repeat is safe). Check that a worker runs on the task queue ${taskQueue}.`,
      { retryAfterSeconds: 10, cause },
    );
  }
}

function unprepared(what: string): DealsUnavailable {
  return new DealsUnavailable('temporal-unavailable', `Temporal ${what}: run the set-up (npm run setup).`);
}

/** Temporal's own words on what is wrong with a query. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return isGrpcServiceError(cause) ? cause.details : 'the query cannot be read';
}

function refusalOf(error: unknown): { kind: 'not-now' | 'malformed'; why: string } | undefined {
  if (isRejectedAs(error, 'NotNow')) return { kind: 'not-now', why: error.cause.message };
  return isRejectedAs(error, 'Malformed') ? { kind: 'malformed', why: error.cause.message } : undefined;
}

function isRejectedAs(
  error: unknown,
  type: string,
): error is WorkflowUpdateFailedError & { cause: ApplicationFailure } {
  return (
    error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure && error.cause.type === type
  );
}

/** The run has as many updates in flight as Temporal allows, or its worker fails at it. */
function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  return code === GRPC.RESOURCE_EXHAUSTED || code === GRPC.FAILED_PRECONDITION || code === GRPC.DEADLINE_EXCEEDED;
}

/** Whatever Temporal's service refuses is not the caller's fault: what callers send has been checked before. */
function unavailability(error: unknown): DealsUnavailable | undefined {
  if (error instanceof DealsUnavailable) return error;
  const undecipherable = undecipherableIn(error);
  if (undecipherable) {
    return new DealsUnavailable(
      'payload-keys',
      `What Temporal keeps of the deal cannot be read here: ${undecipherable.message}. Nothing was lost.`,
      { retryAfterSeconds: 60, cause: error },
    );
  }
  const code = codeOf(error);
  if (code === undefined) return undefined;
  const tell = (hint: string) =>
    new DealsUnavailable('temporal-unavailable', `Temporal ${hint}. Nothing was lost: try again.`, { cause: error });
  switch (code) {
    case GRPC.NOT_FOUND:
      return tell('does not know the namespace: run the set-up (npm run setup) or check TEMPORAL_NAMESPACE');
    case GRPC.INVALID_ARGUMENT:
      return tell('refuses the call: run the set-up (npm run setup), which registers the search attributes');
    case GRPC.PERMISSION_DENIED:
    case GRPC.UNAUTHENTICATED:
      return tell("refuses the gateway's credentials: check TEMPORAL_API_KEY or the TLS settings");
    default:
      return tell('cannot be reached or is overloaded: check TEMPORAL_ADDRESS and the server');
  }
}

function detailsOf({ dealId, round, documentType, policy, parties, envelopeId }: DealStart): string {
  const signers = parties.filter((party) => party.kind === 'signer').length;
  const copies = parties.length - signers;
  const people = `${signers} ${signers === 1 ? 'signer' : 'signers'}${copies > 0 ? ` and ${copies} in copy` : ''}`;
  const what = envelopeId === undefined ? `for ${people}` : `that takes over the envelope ${envelopeId}`;
  return [
    `Deal **${dealId}**${round > 1 ? `, round ${round}` : ''}: ${documentType} ${what}, by way of ${policy.provider}.`,
    'The query `deal` shows where it stands; `review`, `cancel`, `amend`, `resume` and `remind` steer it.',
  ].join('\n\n');
}
