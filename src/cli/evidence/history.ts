/** What Temporal's history of a deal says of decisions, webhooks and steps; links that let their holder act are left out. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { LoadedDataConverter } from '@temporalio/common';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { EVENT_SIGNAL, MESSAGES } from '../../deal/messages.js';
import type { Entry } from './chain.js';

type Event = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];
type Payloads = Parameters<typeof decodeArrayFromPayloads>[1] | null;

/** What is told of the result of each step. */
const RESULTS: Partial<Record<string, readonly string[]>> = {
  createEnvelope: ['envelopeId', 'apiKeyId'],
  createFromTemplate: ['envelopeId', 'apiKeyId', 'templateVersion', 'trusted', 'sent'],
  adoptEnvelope: [],
  sendEnvelope: ['kind', 'status', 'fieldsVersion'],
  voidEnvelope: ['envelopeId', 'status'],
  fileSignedPdf: ['uri', 'sha256', 'bytes', 'pages', 'certificate', 'reassigned'],
};

/** What the SDK calls the one event that a local activity leaves. */
const LOCAL_ACTIVITY = 'core_local_activity';

/** What the CRM asked for when it started the deal. */
const ASKED = ['documentType', 'document', 'envelopeId', 'parties', 'metadata', 'policy'];

/** The entries of all runs of a deal, oldest first. Runs that Temporal no longer keeps are said to be missing. */
export async function entriesOfHistory(client: Client, workflowId: string, latestRunId: string): Promise<Entry[]> {
  const converter = client.options.loadedDataConverter;
  const eventsOf = async (runId: string): Promise<Event[]> =>
    (await client.workflow.getHandle(workflowId, runId).fetchHistory()).events ?? [];

  const latest = await eventsOf(latestRunId);
  const first = latest[0]?.workflowExecutionStartedEventAttributes?.firstExecutionRunId ?? latestRunId;
  const entries: Entry[] = [];
  let runId: string | undefined = first;
  while (runId !== undefined && runId !== latestRunId) {
    const events: Event[] | undefined = await eventsOf(runId).catch(() => undefined);
    if (!events) {
      entries.push({
        kind: 'missing',
        what: `the history of run ${runId} and those up to ${latestRunId}`,
        why: 'Temporal no longer keeps it',
      });
      break;
    }
    entries.push(...(await entriesOf(events, runId, converter)));
    runId = events.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
  }
  return [...entries, ...(await entriesOf(latest, latestRunId, converter))];
}

async function entriesOf(events: readonly Event[], runId: string, converter: LoadedDataConverter): Promise<Entry[]> {
  const entries: Entry[] = [];
  const scheduled = new Map<string, string>();
  const decode = async (payloads: Payloads): Promise<unknown> =>
    (await decodeArrayFromPayloads(converter, payloads ?? []))[0];

  for (const event of events) {
    const about = { at: instantOf(event), run: runId, event: Number(event.eventId) };
    const { workflowExecutionSignaledEventAttributes: signal, workflowExecutionUpdateAcceptedEventAttributes: update } =
      event;
    const { activityTaskScheduledEventAttributes: step, activityTaskCompletedEventAttributes: done } = event;
    const { workflowExecutionStartedEventAttributes: started, markerRecordedEventAttributes: marker } = event;
    if (started) {
      const asked = told(await decode(started.input?.payloads), ASKED);
      entries.push({ kind: 'run', ...about, by: started.identity ?? '', ...(asked && { asked }) });
    } else if (signal?.signalName === EVENT_SIGNAL) {
      entries.push({ kind: 'webhook', ...about, receipt: await decode(signal.input?.payloads) });
    } else if (signal) {
      const { signalName: name, identity: from } = signal;
      entries.push({
        kind: 'message',
        ...about,
        name,
        by: 'signal',
        from,
        payload: await decode(signal.input?.payloads),
      });
    } else if (update) {
      const { input } = update.acceptedRequest ?? {};
      const name = input?.name ?? '';
      const known = MESSAGES.some((message) => message === name);
      if (known)
        entries.push({ kind: 'message', ...about, name, by: 'update', payload: await decode(input?.args?.payloads) });
    } else if (step) {
      scheduled.set(String(event.eventId), step.activityType?.name ?? '');
    } else if (marker?.markerName === LOCAL_ACTIVITY) {
      const { activity_type: name = '' } = (await decode(marker.details?.data?.payloads)) as { activity_type?: string };
      const result = told(await decode(marker.details?.result?.payloads), RESULTS[name]);
      if (result) entries.push({ kind: 'step', ...about, name, result });
    } else if (done) {
      const name = scheduled.get(String(done.scheduledEventId)) ?? '';
      const result = told(await decode(done.result?.payloads), RESULTS[name]);
      entries.push({ kind: 'step', ...about, name, ...(result && { result }) });
    }
  }
  return entries;
}

function told(result: unknown, names: readonly string[] | undefined): Record<string, unknown> | undefined {
  if (!names || typeof result !== 'object' || result === null) return undefined;
  const facts = new Map(Object.entries(result));
  return Object.fromEntries(names.filter((name) => facts.has(name)).map((name) => [name, facts.get(name)]));
}

function instantOf({ eventTime }: Event): string | null {
  return eventTime ? new Date(tsToMs(eventTime)).toISOString() : null;
}
