/**
 * The shadow of a deal's draft: the same contract drafted at another provider, compared and taken away. It runs beside the deal, which neither
 * waits for it nor hears of it.
 */
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  log,
  metricMeter,
  ParentClosePolicy,
  proxyActivities,
  sleep,
  startChild,
  TimeoutFailure,
  workflowInfo,
  type ActivityOptions,
} from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Activities } from '../activities/index.js';
import {
  notComparable,
  shadowIdOf,
  SHADOW_TYPE,
  type Comparison,
  type ShadowReport,
  type ShadowStart,
} from '../deal/shadow.js';
import type { DealState } from '../deal/state.js';
import { PATIENT } from './activities.js';

const documentType = defineSearchAttributeKey('DocumentType', 'KEYWORD');

/** Long after every try of the create has run out of time. */
const LOOK_AGAIN_MS = 10 * 60_000;

/** Has the draft that the deal has just made compared, where its policy asks for that. Nothing that goes wrong here reaches the deal. */
export function castShadow(deal: DealState): void {
  const { policy, documentType: type, parties, document, prefill = {} } = deal.start;
  const { shadow: provider, shadowTemplate: template } = policy;
  if (provider === undefined || provider === policy.provider || !deal.envelope) return;
  const { workflowId } = workflowInfo();
  const start: ShadowStart = {
    documentType: type,
    of: { workflowId, revision: deal.revision },
    deal: { provider: policy.provider, envelopeId: deal.envelope.id },
    provider,
    parties,
    ...(document && deal.document && { document, pinned: deal.document }),
    transport: deal.transport,
    ...(template && { template, prefill: onlyKeysOf(template.prefill, prefill) }),
    lookAgainMs: LOOK_AGAIN_MS,
  };
  startChild<typeof shadowDraft>(SHADOW_TYPE, {
    workflowId: shadowIdOf(workflowId, deal.revision),
    args: [start],
    parentClosePolicy: ParentClosePolicy.ABANDON,
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    typedSearchAttributes: [{ key: documentType, value: type }],
    staticSummary: `${type} as ${provider} would draft it; never sent`,
  }).catch(() => log.warn('no shadow draft: its workflow could not be started'));
}

/** The two templates may ask for different texts. */
function onlyKeysOf(keys: Record<string, string>, texts: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).filter(([key]) => Object.hasOwn(keys, key)));
}

/** A draft for comparison is not worth more than an hour of tries. A cancel waits for the try under way, so that what it made is found. */
const DRAFTING: ActivityOptions = {
  ...PATIENT,
  scheduleToCloseTimeout: '1 hour',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
};
const COMPARING: ActivityOptions = { ...PATIENT, scheduleToCloseTimeout: '1 hour' };
/** As for the deal's own draft: one look a try, and the failure of a try says when the next is due. */
const DETECTION: ActivityOptions = {
  startToCloseTimeout: '35 seconds',
  scheduleToCloseTimeout: '1 hour',
  retry: { initialInterval: '2 seconds', backoffCoefficient: 1.5, maximumInterval: '30 seconds' },
};

const { draftShadow } = proxyActivities<Activities>({ ...DRAFTING, summary: 'make the draft for comparison' });
const { awaitFields } = proxyActivities<Activities>({ ...DETECTION, summary: 'wait until its fields are detected' });
const { compareShadow } = proxyActivities<Activities>({ ...COMPARING, summary: 'compare both drafts' });
const { takeShadowAway } = proxyActivities<Activities>({ ...PATIENT, summary: 'void the draft for comparison' });

/** Ends as cancelled when it was, and with a report otherwise, whatever went wrong; in every case the draft is voided first. */
export async function shadowDraft(start: ShadowStart): Promise<ShadowReport> {
  const { documentType: type, of } = start;
  const labels = { document_type: type };
  const drafts = metricMeter.createCounter('countersign_shadow_drafts');
  const made: Made = { tried: false, envelopeId: null, detection: null };
  let comparison: Comparison;
  try {
    comparison = await compared(start, made).catch(whyNot);
  } catch (error) {
    if (!isCancellation(error)) throw error;
    await CancellationScope.nonCancellable(() => takeAway(start, made));
    drafts.add(1, { ...labels, result: 'cancelled' });
    throw error;
  }
  const takenAway = await CancellationScope.nonCancellable(() => takeAway(start, made));
  drafts.add(1, { ...labels, result: comparison.result });
  log.info('shadow draft compared', { result: comparison.result, ...(comparison.why && { reason: comparison.why }) });
  return { ...comparison, documentType: type, ...of, detection: made.detection, takenAway };
}

/** How far the shadow came, which what follows a failure must know. */
interface Made {
  /** Something may be at the provider. */
  tried: boolean;
  envelopeId: string | null;
  detection: ShadowReport['detection'];
}

async function compared(start: ShadowStart, made: Made): Promise<Comparison> {
  const { provider, parties, document, pinned, transport, template, prefill, deal, of } = start;
  if (!(document && pinned) && !template) return notComparable('no-template');
  made.tried = true;
  const { envelopeId } = await draftShadow({
    ...{ provider, parties, transport },
    ...(document && pinned && { document, pinned }),
    ...(template && { template }),
    ...(prefill && { prefill }),
    firstTried: workflowInfo().startTime.toISOString(),
  });
  made.envelopeId = envelopeId;
  const found = await awaitFields({ dealId: of.workflowId, provider, envelopeId });
  made.detection = found.fieldsStatus;
  return compareShadow({ deal, shadow: { provider, envelopeId } });
}

/** What an activity could not do leaves nothing to compare. */
function whyNot(error: unknown): Comparison {
  if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
  const { cause } = error;
  const last = cause instanceof TimeoutFailure ? (cause.cause ?? cause) : cause;
  const type = last instanceof ApplicationFailure ? last.type : undefined;
  return notComparable(type === 'fields-pending' ? 'detection-stuck' : (type ?? 'no-answer'));
}

const [HOUR_MS, DAY_MS] = [3_600_000, 24 * 3_600_000];
/** About a month. */
const REFUSALS_BORNE = 33;

/** False when the provider will not have it. A key that was turned may be mended within days, so it is tried for weeks. */
async function takeAway(start: ShadowStart, made: Made): Promise<boolean> {
  if (!made.tried) return true;
  const taken = await takeAwayOnce(start);
  if (made.envelopeId !== null) return taken;
  // A create whose answer never came may take effect late.
  await sleep(start.lookAgainMs);
  return takeAwayOnce(start);
}

async function takeAwayOnce({ provider }: ShadowStart): Promise<boolean> {
  let pause = HOUR_MS;
  for (let refusals = 0; refusals < REFUSALS_BORNE; refusals += 1) {
    try {
      await takeShadowAway({ provider });
      return true;
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      log.warn('the shadow draft cannot be taken away yet');
      await sleep(pause);
      pause = Math.min(pause * 2, DAY_MS);
    }
  }
  log.warn('a shadow draft is left at the provider: void it there');
  return false;
}
