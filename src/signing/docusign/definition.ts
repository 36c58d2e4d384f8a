/** What a create says: `envelopeDefinition`, always of a draft, since a draft too many mails nobody. */
import type { Party } from '../../deal/party.js';
import type { EnvelopeDraft, TemplateDraft } from '../provider.js';
import { customFieldsOf } from './custom-fields.js';
import { impossible } from './errors.js';
import { checkRoles, tabsFor } from './tabs.js';
import { transactionIdOf } from './transaction-id.js';

/** Of addresses, names and subjects (eSignature reference). */
const LONGEST = 100;
/** Of a document in base64; larger ones would have to go in pieces (eSignature rules and limits). */
const MAX_DOCUMENT_BYTES = 25 * 1000 * 1000;
const SUBJECT = 'Please review and sign';

/** The events that move a deal, and `recipient-completed`, from which it learns whose turn it is. */
const EVENTS = ['envelope-sent', 'envelope-completed', 'envelope-declined', 'envelope-voided', 'recipient-completed'];

export type Definition = Record<string, unknown>;

export function definitionOf(draft: EnvelopeDraft): Definition {
  const { document, parties, fields = [] } = draft;
  if (!document) throw impossible('DocuSign takes documents, not links to them');
  if (document.bytes.length > MAX_DOCUMENT_BYTES)
    throw impossible(`the document is larger than the ${MAX_DOCUMENT_BYTES} bytes that DocuSign takes`);
  return {
    ...aboutOf(draft),
    documents: [
      {
        documentId: '1',
        name: document.name,
        fileExtension: document.contentType === 'application/pdf' ? 'pdf' : 'docx',
        documentBase64: Buffer.from(document.bytes).toString('base64'),
      },
    ],
    recipients: recipientsOf(parties, fields),
  };
}

export interface TemplateRoleOf {
  party: Party;
  /** Of the text tabs that are this role's. */
  texts: Readonly<Record<string, string>>;
}

export function templateDefinitionOf(draft: TemplateDraft, roles: readonly TemplateRoleOf[]): Definition {
  return {
    ...aboutOf(draft),
    templateId: draft.templateId,
    templateRoles: roles.map(({ party, texts }) => {
      const textTabs = Object.entries(texts).map(([tabLabel, value]) => ({ tabLabel, value }));
      return {
        ...personOf(party),
        ...(party.kind === 'signer' && { routingOrder: String(party.order) }),
        ...(textTabs.length > 0 && { tabs: { textTabs } }),
      };
    }),
  };
}

function aboutOf(draft: EnvelopeDraft | TemplateDraft): Definition {
  const { externalId, subject, webhookUrl, metadata } = draft;
  return {
    status: 'created',
    emailSubject: (subject ?? SUBJECT).slice(0, LONGEST),
    transactionId: transactionIdOf(externalId),
    customFields: customFieldsOf(draft, metadata),
    ...(webhookUrl !== undefined && { eventNotification: notificationTo(webhookUrl) }),
  };
}

/** Signers strictly in turn, by the order of the parties, and copies once all have signed. */
function recipientsOf(parties: readonly Party[], fields: NonNullable<EnvelopeDraft['fields']>): Definition {
  const signers = parties.filter(({ kind }) => kind === 'signer');
  checkRoles(
    fields,
    signers.map(({ role }) => role),
  );
  const last = Math.max(...signers.map(({ order }) => order)) + 1;
  const numbered = new Map(parties.map((party, index) => [party, String(index + 1)]));
  const one = (party: Party): Definition => ({
    ...personOf(party),
    recipientId: numbered.get(party),
    routingOrder: String(party.kind === 'cc' ? Math.max(last, party.order) : party.order),
  });
  const copies = parties.filter(({ kind }) => kind === 'cc');
  return {
    signers: signers.map((party) => ({ ...one(party), tabs: tabsFor(party.role, fields) })),
    ...(copies.length > 0 && { carbonCopies: copies.map(one) }),
  };
}

/** DocuSign wants a name for everybody; where the deal has none, the address is all that is known. */
function personOf({ email, name, role, order }: Party): Record<string, string> {
  if (email.length > LONGEST)
    throw impossible(`the address of party ${order} is longer than the ${LONGEST} characters that DocuSign takes`);
  return { email, name: (name ?? email).slice(0, LONGEST), ...(role !== undefined && { roleName: role }) };
}

/** Each message is signed and says whose it is; documents and names stay out of it (DocuSign's page on JSON SIM). */
function notificationTo(url: string): Definition {
  return {
    url,
    deliveryMode: 'SIM',
    loggingEnabled: 'true',
    requireAcknowledgment: 'true',
    includeHMAC: 'true',
    eventData: { version: 'restv2.1', format: 'json', includeData: ['custom_fields'] },
    events: EVENTS,
  };
}
