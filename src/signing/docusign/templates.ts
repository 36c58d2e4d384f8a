import { createHash } from 'node:crypto';
import type { DocusignAccount } from '../../docusign/account.js';
import type { Party } from '../../deal/party.js';
import type { TemplateDraft, TemplateFacts } from '../provider.js';
import type { TemplateRoleOf } from './definition.js';
import { impossible, told } from './errors.js';
import { readAnswer, templateSchema, type Recipient, type Template } from './schemas.js';

export async function getTemplate(account: DocusignAccount, templateId: string): Promise<Template> {
  return told(async () => {
    const path = `/templates/${encodeURIComponent(templateId)}`;
    const query = { include: 'recipients,tabs' };
    return readAnswer(
      await account.call({ api: 'esignature', method: 'GET', path, query }),
      templateSchema,
      'GET /templates/{id}',
    );
  });
}

/** Prefill keys are the labels of its text tabs. */
export function factsOf(templateId: string, template: Template): TemplateFacts {
  const { signers } = template.recipients;
  const roles = signers.flatMap(({ roleName }) => roleName ?? []);
  const prefillKeys = [...new Set(signers.flatMap(textLabelsOf))];
  const { lastModifiedDateTime, lastModified } = template;
  const content = [templateId, lastModifiedDateTime ?? lastModified, roles, [...prefillKeys].sort()];
  const version = createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 12);
  return { id: templateId, version, roles, prefillKeys, ready: null };
}

/** Who fills which role, each text with the role that has it. Throws `ProviderError` (`invalid`) for a copy that has no role there. */
export function rolesOf({ parties, prefill }: TemplateDraft, { recipients }: Template): TemplateRoleOf[] {
  const { signers, carbonCopies } = recipients;
  return parties.map((party) => {
    const recipient = recipientFor(party, party.kind === 'cc' ? carbonCopies : signers);
    const labels = textLabelsOf(recipient);
    return { party, texts: Object.fromEntries(Object.entries(prefill).filter(([label]) => labels.includes(label))) };
  });
}

function recipientFor({ role, kind, order }: Party, recipients: readonly Recipient[]): Recipient {
  const found = recipients.find(({ roleName }) => roleName !== undefined && roleName === role);
  if (found) return found;
  const what = kind === 'cc' ? 'a role for copies' : 'a role for signers';
  throw impossible(
    `party ${order} needs ${what} that the template has; a template of DocuSign’s knows people by their roles`,
  );
}

function textLabelsOf({ tabs = {} }: Recipient): string[] {
  return (tabs['textTabs'] ?? []).flatMap(({ tabLabel }) => tabLabel ?? []);
}
