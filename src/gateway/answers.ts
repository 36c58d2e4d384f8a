/** What callers get, as zod schemas for the OpenAPI document. The types hold them to the domain: a drift does not compile. */
import { z } from 'zod';
import type { Figures } from '../deal/figures.js';
import { ACTIONS } from '../deal/messages.js';
import type { PartyStatus } from '../deal/party.js';
import { PROVIDERS } from '../deal/policy.js';
import { isRefusal, REFUSALS } from '../deal/refusals.js';
import type { DealSnapshot, FieldsStatus } from '../deal/snapshot.js';
import { FINAL_STAGES, OPEN_STAGES } from '../deal/stages.js';
import type { DealLine, DealPage } from './deal-list.js';

const instant = z.iso.datetime();

const FIELDS: Record<FieldsStatus, true> = {
  pending: true,
  ready: true,
  failed: true,
  recovered_empty: true,
  unknown: true,
};
const PROGRESS: Record<PartyStatus, true> = {
  waiting: true,
  pending: true,
  signed: true,
  declined: true,
  copied: true,
  unknown: true,
};

const keysOf = <Key extends string>(words: Record<Key, true>): z.ZodType<Key> =>
  z.enum(Object.keys(words).filter((word): word is Key => word in words));

const durations = z.object({ count: z.int(), newest: z.array(z.number()) });

const figuresAnswer: z.ZodType<Figures> = z.object({
  startedAt: instant,
  filedAt: instant.nullable(),
  reviews: durations.meta({ description: 'How long drafts waited for their review, in ms' }),
  webhooks: durations.meta({ description: 'From the event to the change of stage that it led to, in ms' }),
  told: z.int().meta({ description: 'Changes at the provider that an event told' }),
  readBack: z.int().meta({ description: 'Those that only reading back told' }),
  interventions: z.int(),
  blocked: z.int(),
  reminders: z.int(),
  signatures: z.int(),
});

const lineAnswer: z.ZodType<DealLine> = z.object({
  dealId: z.string(),
  round: z.int(),
  workflowId: z.string(),
  runId: z.string(),
  open: z.boolean(),
  stage: z.enum([...OPEN_STAGES, ...FINAL_STAGES]).nullable(),
  blocked: z.enum(Object.keys(REFUSALS).filter(isRefusal)).nullable(),
  documentType: z.string().nullable(),
  envelopeId: z.string().nullable(),
  since: instant.nullable(),
  startedAt: instant,
  endedAt: instant.nullable(),
  reviewDue: instant.nullable(),
});

export const listAnswer: z.ZodType<DealPage> = z.object({
  deals: z.array(lineAnswer),
  next: z.string().nullable().meta({ description: 'The cursor of the next page; null on the last' }),
});

export const dealAnswer: z.ZodType<DealSnapshot> = z.object({
  dealId: z.string(),
  round: z.int(),
  documentType: z.string(),
  provider: z.enum(PROVIDERS),
  tenant: z.string().exactOptional().meta({ description: 'Whose deal it is; absent for one of no tenant' }),
  stage: z.enum([...OPEN_STAGES, ...FINAL_STAGES]),
  since: instant,
  waitingFor: z.string().nullable().meta({ description: 'What the deal waits for, in plain words' }),
  blocked: z
    .object({
      reason: z.enum(Object.keys(REFUSALS).filter(isRefusal)),
      since: instant,
      hint: z.string(),
      detail: z.string(),
    })
    .nullable(),
  envelopeId: z.string().nullable(),
  revision: z.int(),
  reviewUrl: z.string().nullable().meta({ description: 'Null but for reviewers and operators' }),
  document: z
    .object({ kind: z.enum(['pdf', 'docx']), sha256: z.string(), bytes: z.int() })
    .nullable()
    .meta({ description: 'The version of the document that the deal is about' }),
  fieldsStatus: keysOf(FIELDS).nullable(),
  fieldsVersion: z.int().nullable(),
  parties: z.array(z.object({ role: z.string(), order: z.int(), status: keysOf(PROGRESS) })),
  reviewDue: instant.nullable().meta({ description: 'When the review is overdue' }),
  expiresAt: instant.nullable().meta({ description: 'When the envelope is voided unless it is signed by then' }),
  replaced: z
    .array(z.object({ envelopeId: z.string(), revision: z.int(), at: instant, why: z.string(), by: z.string() }))
    .meta({ description: 'Envelopes of this deal that others took the place of, oldest first' }),
  actions: z.array(z.enum(ACTIONS)).meta({ description: 'What people may do with the deal as it stands' }),
  figures: figuresAnswer,
  credits: z
    .object({ spent: z.int(), refunded: z.int() })
    .meta({ description: 'Sends that the provider charged for and gave back, over all envelopes of the deal' }),
  apiKeyId: z.string().nullable().meta({ description: 'Fingerprint of the API key that made the envelope' }),
  signedPdf: z
    .object({
      uri: z.string(),
      sha256: z.string(),
      bytes: z.int(),
      pages: z.int(),
      certificate: z.object({ uri: z.string(), sha256: z.string(), bytes: z.int() }).nullable().exactOptional(),
    })
    .nullable(),
  timeline: z.array(z.object({ at: instant, what: z.string(), by: z.string() })),
});

export const signLinkAnswer = z.object({
  signLink: z.string().meta({ description: 'Lets its holder sign: for this one signer only' }),
  party: z
    .object({ role: z.string(), order: z.int() })
    .nullable()
    .meta({ description: 'Whose link it is, as the deal names them; null where the provider does not tell' }),
});

export const reviewLinkAnswer = z.object({
  reviewLink: z
    .string()
    .meta({ description: 'Lets its holder send the contract. It may last for minutes only, and for one visit' }),
});

export const startAnswer = z.object({
  workflowId: z.string(),
  started: z.boolean().meta({ description: 'False when the deal was open already' }),
});

export const messageAnswer = z.object({
  workflowId: z.string(),
  repeat: z.boolean().meta({ description: 'True when the deal had taken the same message before' }),
});

export const queuedAnswer = z.object({ workflowId: z.string(), queued: z.literal(true) });

export const webhookAnswer = z.object({ result: z.enum(['signalled', 'ended', 'ignored']) });

export const problemAnswer = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().meta({ description: 'What happened and what to do' }),
  requestId: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  workflowId: z.string().optional(),
  outcome: z.string().optional(),
});
