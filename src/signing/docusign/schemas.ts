/** What is read of DocuSign's answers. Nearly every value is text there, and what is empty may be left out (eSignature v2.1). */
import { z } from 'zod';
import type { DocusignAnswer } from '../../docusign/account.js';
import { unreadable } from './errors.js';

const text = z.string().trim().min(1).optional().catch(undefined);
const wholeNumber = z.coerce.number().int().min(0).optional().catch(undefined);

const tabSchema = z.looseObject({ tabLabel: text, pageNumber: wholeNumber });
/** Lists by kind: `signHereTabs`, `textTabs`. */
const tabsSchema = z.record(z.string(), z.array(tabSchema).catch([])).optional().catch(undefined);

const recipientSchema = z.looseObject({
  recipientId: z.coerce.string().catch(''),
  roleName: text,
  email: text,
  routingOrder: wholeNumber,
  status: text,
  declinedReason: text,
  tabs: tabsSchema,
});
export type Recipient = z.output<typeof recipientSchema>;

const recipients = z
  .array(recipientSchema)
  .nullish()
  .transform((list) => list ?? []);
export const recipientsSchema = z.looseObject({ signers: recipients, carbonCopies: recipients });

const customFieldsSchema = z.looseObject({
  textCustomFields: z
    .array(z.looseObject({ name: z.string().catch(''), value: z.string().catch('') }))
    .nullish()
    .transform((list) => list ?? []),
});
export type CustomFields = z.output<typeof customFieldsSchema>;

export const envelopeSchema = z.looseObject({
  envelopeId: z
    .string()
    .trim()
    .min(1)
    .transform((id) => id.toLowerCase()),
  status: text,
  createdDateTime: text,
  lastModifiedDateTime: text,
  initialSentDateTime: text,
  sentDateTime: text,
  completedDateTime: text,
  declinedDateTime: text,
  voidedDateTime: text,
  deletedDateTime: text,
  voidedReason: text,
  customFields: customFieldsSchema.nullish().catch(undefined),
  recipients: recipientsSchema.nullish().catch(undefined),
});
export type Envelope = z.output<typeof envelopeSchema>;

export const listSchema = z.looseObject({
  envelopes: z
    .array(envelopeSchema)
    .nullish()
    .transform((list) => list ?? []),
  nextUri: text,
  envelopeTransactionStatuses: z
    .array(z.looseObject({ transactionId: text, envelopeId: text }))
    .nullish()
    .transform((list) => list ?? []),
});
export type List = z.output<typeof listSchema>;

export const createdSchema = z.looseObject({ envelopeId: z.string().trim().min(1) });

const errorDetails = z.looseObject({ errorCode: text }).nullish().catch(undefined);
/** `PUT` on an envelope. */
export const changedSchema = z.looseObject({ errorDetails });
/** `PUT /folders/recyclebin`. */
export const movedSchema = z.looseObject({
  envelopes: z
    .array(z.looseObject({ errorDetails }))
    .nullish()
    .transform((list) => list ?? []),
});

export const viewSchema = z.looseObject({ url: z.url({ protocol: /^https?$/ }) });

export const templateSchema = z.looseObject({
  lastModifiedDateTime: text,
  lastModified: text,
  recipients: recipientsSchema,
});
export type Template = z.output<typeof templateSchema>;

/** Throws `ProviderError` (`unreadable`) that names fields, never values. `what`: for messages. */
export function readAnswer<T>(answer: DocusignAnswer, schema: z.ZodType<T>, what: string): T {
  const parsed = schema.safeParse(answer.json());
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
  throw unreadable(what, problems.join('; '));
}
