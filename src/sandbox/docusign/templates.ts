/** Templates: documents and roles that envelopes are made from. */
import { randomUUID } from 'node:crypto';
import { checkRecipients, listOf, objectOf, readDocuments, readRecipients, textOf, type Given } from './definition.js';
import { EMAIL } from './definition.js';
import type { EnvelopeDocument, GivenTab, Recipient } from './envelope.js';
import { stamp } from './present.js';
import { invalidParameter, Refusal } from './refusal.js';
import { readTabs } from './tabs.js';

export interface Template {
  templateId: string;
  accountId: string;
  name: string;
  emailSubject: string;
  emailBlurb: string;
  documents: EnvelopeDocument[];
  recipients: Recipient[];
  createdAt: number;
  modifiedAt: number;
}

export class Templates {
  private readonly all = new Map<string, Template>();

  constructor(private readonly now: () => number) {}

  /** Makes a template, or with `templateId` of one that is there, another version of it: `{name, emailSubject, documents, recipients}` like an envelope's. */
  async put(accountId: string, given: Given): Promise<Template> {
    const known = this.all.get(textOf(given, 'templateId') ?? '');
    const documents =
      given['documents'] === undefined ? (known?.documents ?? []) : await readDocuments(given['documents']);
    const template: Template = {
      templateId: known?.templateId ?? textOf(given, 'templateId') ?? randomUUID(),
      accountId,
      name: textOf(given, 'name') ?? known?.name ?? 'Template',
      emailSubject: textOf(given, 'emailSubject', 100) ?? known?.emailSubject ?? '',
      emailBlurb: textOf(given, 'emailBlurb', 10_000) ?? known?.emailBlurb ?? '',
      documents,
      recipients: given['recipients'] === undefined ? (known?.recipients ?? []) : readRecipients(given['recipients']),
      createdAt: known?.createdAt ?? this.now(),
      modifiedAt: this.now(),
    };
    if (template.recipients.some(({ roleName }) => roleName === null))
      throw invalidParameter('A recipient has no roleName.');
    this.all.set(template.templateId, template);
    return template;
  }

  of(accountId: string, templateId: string): Template {
    const template = this.all.get(templateId);
    if (template?.accountId !== accountId) throw new Refusal(404, 'TEMPLATE_ID_INVALID', 'Invalid template ID.');
    return template;
  }

  list(accountId: string): Template[] {
    return [...this.all.values()].filter((template) => template.accountId === accountId);
  }

  /** The recipients of an envelope: each role filled by its `templateRoles`, with values for tabs by their labels. */
  filled(template: Template, roles: unknown): Recipient[] {
    const given = listOf(roles, 'templateRoles');
    for (const role of given) {
      if (!template.recipients.some(({ roleName }) => roleName === textOf(role, 'roleName')))
        throw invalidParameter('The template has no such role.');
    }
    const recipients = template.recipients.map((recipient) => {
      const role = given.find((candidate) => textOf(candidate, 'roleName') === recipient.roleName);
      return { ...structuredClone(recipient), recipientIdGuid: randomUUID(), ...(role && personOf(role, recipient)) };
    });
    checkRecipients(recipients);
    return recipients;
  }
}

function personOf(role: Given, recipient: Recipient): Partial<Recipient> {
  const email = textOf(role, 'email', 100) ?? recipient.email;
  if (email !== '' && !EMAIL.test(email))
    throw new Refusal(400, 'INVALID_EMAIL_ADDRESS_FOR_RECIPIENT', 'The email address for the recipient is invalid.');
  return {
    email,
    name: textOf(role, 'name', 100) ?? recipient.name,
    clientUserId: textOf(role, 'clientUserId', 100) ?? recipient.clientUserId,
    routingOrder: Number(textOf(role, 'routingOrder') ?? recipient.routingOrder),
    unplaced: withValues(recipient.unplaced, role['tabs']),
  };
}

/** Tabs of a role are matched to those of the template by type and label; others would be new ones. */
function withValues(tabs: readonly GivenTab[], raw: unknown): GivenTab[] {
  const given = readTabs(raw === undefined ? undefined : objectOf(raw, 'tabs'));
  const matches = (tab: GivenTab, other: GivenTab): boolean =>
    tab.type === other.type &&
    tab.fields['tabLabel'] !== undefined &&
    tab.fields['tabLabel'] === other.fields['tabLabel'];
  const changed = tabs.map((tab) => {
    const value = given.find((other) => matches(tab, other))?.fields['value'];
    return value === undefined
      ? { type: tab.type, fields: { ...tab.fields } }
      : { type: tab.type, fields: { ...tab.fields, value } };
  });
  return [...changed, ...given.filter((other) => !tabs.some((tab) => matches(tab, other)))];
}

export function presentTemplate(template: Template, include: ReadonlySet<string>): Record<string, unknown> {
  const ofKind = (kind: Recipient['kind']): Record<string, unknown>[] =>
    template.recipients
      .filter((recipient) => recipient.kind === kind)
      .map((recipient) => ({
        recipientId: recipient.recipientId,
        roleName: recipient.roleName,
        routingOrder: String(recipient.routingOrder),
        name: recipient.name,
        email: recipient.email,
        ...(include.has('tabs') && kind === 'signers' && { tabs: tabsOf(recipient.unplaced) }),
      }));
  return {
    templateId: template.templateId,
    uri: `/templates/${template.templateId}`,
    name: template.name,
    shared: 'false',
    created: stamp(template.createdAt),
    lastModified: stamp(template.modifiedAt),
    lastModifiedDateTime: stamp(template.modifiedAt),
    emailSubject: template.emailSubject,
    emailBlurb: template.emailBlurb,
    documents: template.documents.map(({ documentId, name, order, pages }) => ({
      documentId,
      name,
      order: String(order),
      pages: String(pages.length),
      uri: `/templates/${template.templateId}/documents/${documentId}`,
    })),
    recipients: {
      signers: ofKind('signers'),
      carbonCopies: ofKind('carbonCopies'),
      recipientCount: String(template.recipients.length),
    },
  };
}

function tabsOf(tabs: readonly GivenTab[]): Record<string, unknown[]> {
  const byType: Record<string, unknown[]> = {};
  for (const { type, fields } of tabs) (byType[type] ??= []).push({ ...fields });
  return byType;
}
